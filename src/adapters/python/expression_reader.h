#pragma once
// What the expressions of one file say, read without running them: which function a call names
// ("os.system" for `s` after `from os import system as s`), and which text an expression makes, as
// far as literals and the names bound in the same function tell. Errs on the side of "computed".
//
// Used by the security rules only: it follows no call, no attribute and no order of statements.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/python/syntax_tree.h"

namespace ratchet::python {

// In a folded text, one of these stands for each part that is not a literal.
constexpr char kComputed = '\x01';
constexpr char kFixed = '\x02';  // configured: a CONSTANT, the environment, a plain file name
constexpr char kAsked = '\x03';  // comes from a request or from standard input
constexpr char kOwn = '\x04';    // an attribute of self
constexpr char kElse = '\x05';   // between the texts of two assignments to the same name
bool HasMark(std::string_view folded);  // a part of the text is no literal

constexpr size_t kBindingsMax = 200;  // of one name in one scope; more are not read

std::vector<Node> ArgumentsOf(const Node& call);
bool IsConstantName(std::string_view name);  // "BASE_URL"

class ExpressionReader {
 public:
  explicit ExpressionReader(const SyntaxTree& tree);

  // Dotted, "()" for what a call returned: "requests.Session().get". An object that is not known
  // is "?": "?.execute". Built-in functions have their plain names, however they are reached.
  [[nodiscard]] std::string NameOf(const Node& expression, int depth = 0) const;

  // The same under every import and assignment of its first name in that scope: order does not
  // count, so each may be meant.
  [[nodiscard]] std::vector<std::string> NamesOf(const Node& expression) const;

  // A text, or what a name was given, was too long to be read to its end since the last call.
  [[nodiscard]] bool TakeGaveUp() const { return std::exchange(gave_up_, false); }

  // The text that the expression makes, with marks as above.
  [[nodiscard]] std::string TextOf(const Node& expression) const;

  // The statements that bind this name in the innermost scope around there that does; at most
  // kBindingsMax.
  [[nodiscard]] std::vector<Node> Statements(std::string_view name, size_t at) const;

  // The value that a name was last given there, if any; any other expression is its own value.
  [[nodiscard]] Node ValueOf(const Node& name) const;

 private:
  enum class How { kUnknown, kAssigned, kAppended, kEach };
  struct Binding {
    Node value, statement;
    How how = How::kUnknown;
  };
  struct Scope {
    size_t begin = 0, end = 0, outer = 0;
    bool is_class = false;
    std::map<std::string, std::vector<Binding>, std::less<>> bindings;
    std::map<std::string, std::vector<std::string>, std::less<>> imports;  // → dotted names
  };
  struct Folding;

  void Collect(const Node& node, size_t scope);
  void BindHere(const Node& node, size_t scope);
  void BindAppended(const Node& call, size_t scope);
  void BindImports(const Node& statement, size_t scope);
  void BindTarget(const Node& target, const Binding& binding, size_t scope);
  // The innermost entry for the name among `entries` of the scopes around there.
  template <typename Entry>
  [[nodiscard]] const Entry* Innermost(std::map<std::string, Entry, std::less<>> Scope::* entries,
                                       std::string_view name, size_t at) const;
  [[nodiscard]] const std::vector<Binding>* Lookup(std::string_view name, size_t at) const;
  [[nodiscard]] std::string NameOfIdentifier(const Node& node, int depth) const;
  [[nodiscard]] std::string NameOfCall(const Node& call, int depth) const;
  [[nodiscard]] std::string LiteralOf(const Node& expression) const;  // for names: never recurses

  std::string Fold(const Node& node, Folding& state) const;
  std::string FoldReference(const Node& node, Folding& state) const;
  std::string FoldAll(const std::vector<Node>& nodes, std::string_view between,
                      Folding& state) const;
  std::string FoldString(const Node& node, Folding& state) const;
  std::string FoldOperator(const Node& node, Folding& state) const;
  std::string FoldCall(const Node& call, Folding& state) const;
  std::string FoldMethod(const Node& call, Folding& state) const;
  std::string FoldIdentifier(const Node& node, Folding& state) const;
  std::string FillIn(std::string_view format, char open, const Node& filling, Folding& state) const;

  std::vector<Scope> scopes_;  // in order of their beginnings; the first is the module
  std::vector<std::string> star_imports_;
  mutable bool gave_up_ = false;
  mutable size_t bytes_folded_ = 0;
};

}  // namespace ratchet::python
