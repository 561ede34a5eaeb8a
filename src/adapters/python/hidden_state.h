#pragma once
// What an expression may depend on besides its operands: the interpreter's locale, the registry of
// codecs and their error handlers, and where an object lies in memory.

#include <string_view>

#include "adapters/python/function_scope.h"

namespace ratchet::python {

// Looks at this node alone, not below it. Empty when the node depends on none of these.
std::string_view HiddenState(const ModuleScope& module, const FunctionScope& scope,
                             const Node& node);

}  // namespace ratchet::python
