#pragma once
// What the names at the top of a Python module stand for, as far as that can be proved.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/python/syntax_tree.h"

namespace ratchet::python {

// A module whose import or value the proof trusts.
struct ImportedName {
  std::string module;  // "math"
  std::string name;    // "sqrt", or "" for the module itself
  bool operator==(const ImportedName&) const = default;
};

class ModuleScope {
 public:
  explicit ModuleScope(const SyntaxTree& tree);

  // The top-level function of that name, if it is the name's only binding, and is undecorated or
  // remembers its results.
  [[nodiscard]] Node Function(std::string_view name) const;
  // The name's only value, if it is bound once, at the top, and can never change.
  [[nodiscard]] bool IsConstant(std::string_view name, int depth = 0) const;
  // The name's only value is a list, dictionary or set of values that cannot change, and nothing
  // here changes it or hands it on. What others do to it is seen at run time.
  [[nodiscard]] bool IsTable(std::string_view name) const;
  [[nodiscard]] const ImportedName* Import(std::string_view name) const;
  [[nodiscard]] bool IsBound(std::string_view name) const {
    return bindings_.contains(std::string(name)) || rebound_.contains(std::string(name));
  }
  // False when an import or a spelling may bind names that we do not see.
  [[nodiscard]] bool NamesAreKnown() const { return names_are_known_; }
  [[nodiscard]] size_t Bindings(std::string_view name) const;
  // A built-in exception, or a class of this module made from one, without behaviour of its own.
  [[nodiscard]] bool IsPlainException(std::string_view name, int depth = 0) const;
  // One that only the code below `try` raises: no signal, time limit, full stack or lack of memory.
  [[nodiscard]] bool IsOwnFailure(std::string_view name) const;
  // Every identifier that occurs anywhere in the file.
  [[nodiscard]] bool Mentions(std::string_view name) const {
    return mentions_.contains(std::string(name));
  }

 private:
  [[nodiscard]] Node OnlyValue(std::string_view name) const;
  void Bind(const Node& statement);
  void BindImports(const Node& statement);
  void BindTarget(const Node& target, const Node& by);
  [[nodiscard]] bool IsImmutable(const Node& value, int depth) const;

  std::map<std::string, std::vector<Node>> bindings_;  // name → what binds it, at module level
  std::map<std::string, ImportedName> imports_;
  std::set<std::string> rebound_;  // by `global` somewhere
  std::map<std::string, std::vector<Node>> mentions_;
  bool names_are_known_ = true;
};

}  // namespace ratchet::python
