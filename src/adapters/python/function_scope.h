#pragma once
// The names inside one function: which are local, where their values come from, and which values
// the function made itself, so that changing them is nobody else's business.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/python/module_scope.h"

namespace ratchet::python {

class FunctionScope {
 public:
  // `outer` is the scope of the function that this one is defined in.
  FunctionScope(const ModuleScope& module, const Node& function,
                const FunctionScope* outer = nullptr);

  // Here, in an inner scope, or in the outer one.
  [[nodiscard]] bool IsLocal(std::string_view name) const;
  // Bound by the function itself, not by a comprehension or a lambda inside it.
  [[nodiscard]] bool IsOwnLocal(std::string_view name) const;
  [[nodiscard]] bool IsScalarParameter(std::string_view name) const;
  // Everything assigned to the name, and the functions defined under it.
  [[nodiscard]] const std::vector<Node>& Values(std::string_view name) const;
  // Bound by something else than plain assignment: its value may be anybody's.
  [[nodiscard]] bool IsForeign(std::string_view name) const;

  // Whether an expression gives a value that nothing else refers to.
  [[nodiscard]] bool IsFresh(const Node& node) const { return IsFresh(node, 0); }
  // Whether everything ever put into this local container was made here.
  [[nodiscard]] bool OwnsElements(const Node& container) const {
    return OwnsElements(container, 0);
  }

  // The names of a comprehension or a lambda, while its body is looked at.
  void Enter(std::set<std::string> names) { inner_.push_back(std::move(names)); }
  void Leave() { inner_.pop_back(); }

 private:
  void AddParameter(const Node& parameter);
  void Declare(const Node& target);
  void Assign(const Node& target, const Node& value);
  [[nodiscard]] bool IsInner(std::string_view name) const;
  [[nodiscard]] bool IsFresh(const Node& node, int depth) const;
  [[nodiscard]] bool IsFreshCall(const Node& call, int depth) const;
  [[nodiscard]] bool OwnsElements(const Node& container, int depth) const;
  [[nodiscard]] bool IsElementSafe(const Node& called, const Node& argument, int depth) const;

  const ModuleScope& module_;
  Node function_;
  const FunctionScope* outer_;
  std::set<std::string> names_, foreign_;
  std::map<std::string, std::string_view> parameters_;  // name → annotation
  std::map<std::string, std::vector<Node>> values_;
  std::vector<std::set<std::string>> inner_;
};

}  // namespace ratchet::python
