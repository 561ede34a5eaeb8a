#pragma once
// Proves on the syntax tree that a function's result depends on its arguments alone, and that
// calling it has no effect: no input or output, no reading of anything that can change, no writing
// to anything that others see.
//
// The proof is by whitelist: a construct, name or method that is not known to be harmless refuses
// the function, with the reason. It assumes that arguments are plain built-in values; the
// remembering wrapper checks that at run time (docs/recipes.md).

#include <set>
#include <string>

#include "adapters/python/module_scope.h"
#include "core/base/result.h"

namespace ratchet::python {

struct PurityProof {
  std::set<std::string> names_used;  // the module-level names that the result depends on
  std::set<std::string> modules;     // of the standard library, by their first name
  bool does_work = false;            // there is a loop, a comprehension or a call worth remembering
};

// kInvalidArgument with line and reason when the proof fails.
Result<PurityProof> ProvePure(const ModuleScope& module, const Node& function);

}  // namespace ratchet::python
