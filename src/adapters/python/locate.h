#pragma once
// From where telemetry points to the function in the component's tree.

#include "ports/language_support.h"

namespace ratchet::python {

// The file is found by the longest common path suffix, or by module name; the function by line,
// else by name. Nothing is guessed between two equal candidates.
std::optional<CodeSite> Locate(const ComponentTree& tree, const CodeLocation& location);

// The innermost frame of a Python stack trace that lies in the component.
std::optional<CodeLocation> InnermostFrame(const ComponentTree& tree, std::string_view stack_trace);

}  // namespace ratchet::python
