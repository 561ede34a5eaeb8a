// Goes through a file once and asks each rule. A finding carries the statement it stands in and
// what the names in it were given, so that an old finding excuses the same statement only.

#include "adapters/python/security_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "adapters/python/facts.h"
#include "core/base/hash.h"
#include "core/base/text.h"

namespace ratchet::python {

Node Call::Positional(size_t index) const {
  for (const Node& argument : Arguments()) {
    if (argument.is("keyword_argument")) continue;
    if (index-- == 0) return argument;
  }
  return {};
}

Node Call::Keyword(std::string_view keyword) const {
  for (const Node& argument : Arguments()) {
    if (argument.is("keyword_argument") && argument.field("name").text() == keyword)
      return argument.field("value");
  }
  return {};
}

Node Call::Argument(size_t index, std::initializer_list<std::string_view> names) const {
  if (const Node positional = Positional(index); positional.ok()) return positional;
  for (const std::string_view keyword : names) {
    if (const Node value = Keyword(keyword); value.ok()) return value;
  }
  return {};
}

std::vector<std::string> Alternatives(std::string_view folded) { return Split(folded, kElse); }

namespace {

// What encloses a node on the way down.
struct Place {
  Node statement;
  std::string_view purpose;  // names that say what a value is for: of the function, of the target
  bool called = false;       // the node is the function of a call
};

bool IsStatement(const Node& node) {
  return node.type().ends_with("_statement") || node.type().ends_with("_definition") ||
         node.is("elif_clause") || node.is("except_clause") || node.is("case_clause");
}

// Tokens with single spaces, so that layout and comments do not matter; of a compound statement its
// head only.
void AppendTokens(const Node& node, std::string& text) {
  const std::vector<Node> tokens = node.tokens();
  // The text between escapes is no token.
  if ((tokens.empty() && !node.is("comment")) || node.is("string_content")) {
    text.append(node.text()).append(" ");
    return;
  }
  for (const Node& token : tokens) {
    if (!token.is("block") && !token.is("else_clause") && !token.is("elif_clause") &&
        !token.is("except_clause") && !token.is("finally_clause"))
      AppendTokens(token, text);
  }
}

// The part of a node that gives a name and uses none.
Node NewName(const Node& node) {
  if (node.is("attribute")) return node.field("attribute");
  if (node.is("assignment") && node.field("left").is("identifier")) return node.field("left");
  const bool named = node.is("keyword_argument") || node.is("function_definition") ||
                     node.is("class_definition") || node.is("default_parameter");
  return named ? node.field("name") : Node{};
}

class Inspector {
 public:
  Inspector(std::string path, const SyntaxTree& tree)
      : path_(std::move(path)), whole_(Sha256Hex(tree.text())), reader_(tree) {
    Visit(tree.root(), {.statement = tree.root(), .purpose = ""});
    // Python reads other spellings of a letter as the letter.
    Walk(tree.root(), [&](const Node& node) {
      const auto beyond_ascii = [](char c) { return (c & 0x80) != 0; };
      if (node.is("identifier") && std::ranges::any_of(node.text(), beyond_ascii)) {
        Report(Verdict{"code-execution", "a name that may stand for another one is used"}, node,
               {.statement = node, .purpose = ""});
      }
      return true;
    });
  }

  std::vector<Finding> Take() { return std::move(findings_); }

 private:
  void Visit(const Node& node, Place place) {
    if (IsStatement(node)) place.statement = node;
    if (node.is("function_definition")) place.purpose = node.field("name").text();
    if (node.is("assignment")) place.purpose = node.field("left").text();
    if (node.is("keyword_argument")) place.purpose = node.field("name").text();
    if (node.is("import_statement") || node.is("import_from_statement")) return;
    if (node.is("call")) InspectCall(node, place);
    if (node.is("identifier") || node.is("attribute")) InspectReference(node, place);
    Report(HardCodedSecret(node, reader_), node, place);
    Report(UnsafeAssignment(node, reader_), node, place);
    place.called = false;
    const Node skipped = NewName(node);
    const Node function = node.is("call") ? node.field("function") : Node{};
    for (const Node& child : node.children()) {
      if (skipped.ok() && child == skipped) continue;
      place.called = function.ok() && child == function;
      Visit(child, place);
    }
  }

  void InspectCall(const Node& node, const Place& place) {
    (void)reader_.TakeGaveUp();
    for (const std::string& name : reader_.NamesOf(node.field("function"))) {
      if (InspectCall(node, name, place)) return;
    }
    if (reader_.TakeGaveUp()) {
      Report(Verdict{"code-execution", "what is called, or with what, is too long to be read"},
             node, place);
    }
  }

  // False: nothing is to be said under this name.
  bool InspectCall(const Node& node, const std::string& name, const Place& place) {
    const Call call{node, name, std::string_view(name).substr(name.rfind('.') + 1), reader_};
    const auto report = [&](const std::optional<Verdict>& verdict) {
      Report(verdict, node, place);
      return true;
    };
    if (auto verdict = NamedFunction(name)) return report(verdict);
    for (const auto rule : {CodeByName, StartedProgram, BuiltPath, AnyAddress, UnsafeReader,
                            WeakHash, UnescapedText, UnsafeOption, BuiltSql}) {
      if (const auto verdict = rule(call)) return report(verdict);
    }
    const bool random = name.starts_with("random.") && !name.starts_with("random.SystemRandom");
    if (random && IsForSecrets(place.purpose.substr(0, 1000)))
      return report(Verdict{"weak-random", name + " can be guessed"});
    return false;
  }

  static bool IsForSecrets(std::string_view purpose) {
    if (PromisesASecret(purpose)) return true;
    const std::string name = Lowercase(purpose);
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"session_id", "csrf", "nonce", "salt", "otp",
                                                "passcode", "password", "api_key"},
        [&](std::string_view word) { return name.find(word) != std::string::npos; });
  }

  // Handed on instead of called: map(eval, x), pool.submit(os.system, x).
  void InspectReference(const Node& node, const Place& place) {
    if (node.is("attribute") &&
        OneOf(node.field("attribute").text(), {"__subclasses__", "__builtins__", "from_address"}))
      Report(Verdict{"code-execution", "any function can be reached from here"}, node, place);
    const std::string name = reader_.NameOf(node);
    const bool type = name.starts_with("types.");  // asked for more often than handed on
    if (!place.called && !type && !name.contains('(')) Report(NamedFunction(name), node, place);
  }

  void Report(const std::optional<Verdict>& verdict, const Node& node, const Place& place) {
    if (!verdict) return;
    findings_.push_back({path_, node.line(), verdict->rule, Shorten(verdict->message, 200),
                         Statement(place.statement)});
  }

  // The statement, what its names stand for, and the statements that gave them that, and so on.
  // Short, because one long statement may have many findings.
  const std::string& Statement(const Node& statement) {
    if (statement == described_) return description_;
    constexpr size_t kStatementsMax = 100;
    described_ = statement;
    std::string text;
    std::vector<Node> wanted = {statement};
    std::set<size_t> seen = {statement.begin()};
    for (size_t next = 0; next < wanted.size(); ++next) {
      const Described& here = Describe(wanted[next]);
      text += here.text;
      for (const Node& given : here.given) {
        if (wanted.size() < kStatementsMax && seen.insert(given.begin()).second)
          wanted.push_back(given);
      }
    }
    // What is not read to its end is like nothing of another version.
    if (wanted.size() >= kStatementsMax) text += whole_;
    return description_ = text.size() > 200 ? Sha256Hex(text) : text;
  }

  struct Described {
    std::string text;         // tokens, and the imported names behind them; short
    std::vector<Node> given;  // the statements that bind its names
  };
  const Described& Describe(const Node& statement) {
    const auto [at, fresh] = known_.try_emplace(std::pair(statement.begin(), statement.end()));
    Described& described = at->second;
    if (!fresh) return described;
    AppendTokens(statement, described.text);
    std::set<std::string_view> names;
    Walk(statement, [&](const Node& node) {
      if (node.is("identifier") && names.insert(node.text()).second) {
        const std::string name = reader_.NameOf(node);
        if (name != node.text()) described.text += name + " ";
        std::ranges::move(reader_.Statements(node.text(), node.begin()),
                          std::back_inserter(described.given));
      }
      return !node.is("block");
    });
    if (described.text.size() > 200) described.text = Sha256Hex(described.text);
    return described;
  }

  std::string path_;
  std::string whole_;  // of the file
  ExpressionReader reader_;
  std::vector<Finding> findings_;
  Node described_;
  std::string description_;
  std::map<std::pair<size_t, size_t>, Described> known_;  // by where the statement stands
};

}  // namespace

std::vector<Finding> SecurityFindings(const std::string& path, const SyntaxTree& tree) {
  return Inspector(path, tree).Take();
}

}  // namespace ratchet::python
