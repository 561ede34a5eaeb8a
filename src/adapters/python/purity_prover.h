#pragma once
// The proof of purity.h, at work on one function: it goes through the function's body and through
// what that calls, and keeps the first reason against it. Inside of the proof only.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/python/function_scope.h"
#include "adapters/python/module_scope.h"
#include "adapters/python/purity.h"
#include "adapters/python/syntax_tree.h"

namespace ratchet::python {

struct Refusal {
  int line;
  std::string why;
};

// What the proofs of a function and of those that it calls have in common.
struct ProofProgress {
  PurityProof proof;
  std::vector<std::string> waiting;  // for the proof of what they call
  std::set<std::string> proved;
};

class PurityProver {
 public:
  // All are borrowed. `outer` is the scope around a function that is defined inside of another.
  PurityProver(const ModuleScope& module, const Node& function, ProofProgress& progress,
               const FunctionScope* outer = nullptr)
      : module_(module),
        function_(function),
        scope_(module, function, outer),
        progress_(progress),
        proof_(progress.proof) {}

  // A function of the module, once: one that calls itself is refused.
  std::optional<Refusal> Prove();

  // The same for a function without a name in the module.
  std::optional<Refusal> ProveItself();

 private:
  void Refuse(const Node& node, std::string why);
  void CheckParameter(const Node& parameter);
  void VisitAll(const std::vector<Node>& nodes);
  void Visit(const Node& node);
  static std::string Unknown(const Node& node);

  // Names.
  void Read(const Node& name);
  bool Trusts(std::string_view local, const ImportedName& import, std::string_view name);
  void ProveCallee(const Node& at, const Node& function);
  void Attribute(const Node& node);

  // Calls: purity_calls.cc.
  void Call(const Node& call);
  void CallName(const Node& call, const Node& function);
  void CallMethod(const Node& call, const Node& function);
  std::optional<ImportedName> ModuleOf(const Node& object) const;
  bool CallsLibrary(const Node& call, const Node& object, const ImportedName& import,
                    std::string_view method);

  // Statements: purity_statements.cc.
  void Target(const Node& target);
  void Assignment(const Node& node);
  void AugmentedAssignment(const Node& node);
  void Delete(const Node& node);
  void For(const Node& node);
  void Comprehension(const Node& node);
  void Lambda(const Node& node);
  void Nested(const Node& node);
  void Comparison(const Node& node);
  void Raise(const Node& node);
  void Except(const Node& node);
  void CheckFinally(const Node& clause);

  const ModuleScope& module_;
  const Node function_;
  FunctionScope scope_;
  ProofProgress& progress_;
  PurityProof& proof_;
  std::optional<Refusal> refusal_;
};

}  // namespace ratchet::python
