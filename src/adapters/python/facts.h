#pragma once
// Facts of one Python file: syntax errors, functions with their complexity, imports.

#include "adapters/python/syntax_tree.h"
#include "ports/language_support.h"

namespace ratchet::python {

std::vector<Finding> SyntaxErrors(const std::string& path, const SyntaxTree& tree);
std::vector<FunctionFacts> Functions(const SyntaxTree& tree);
std::vector<ImportFacts> Imports(const SyntaxTree& tree);

// McCabe's cyclomatic complexity as radon counts it: 1, and 1 more for each if, elif, for, while,
// except, assert, conditional expression, comprehension clause, comprehension condition, case, and
// boolean operator. Nested functions count for themselves.
int Complexity(const Node& function);

// Rules of our own on the tree; see docs/validation.md for the list.
std::vector<Finding> SecurityFindings(const std::string& path, const SyntaxTree& tree);

}  // namespace ratchet::python
