#pragma once
// The recipe "remember results": a pure function remembers what it computed, bounded in number,
// size and age. Preconditions are proved (purity.h) or checked at run time by the inserted code:
// arguments and results that are not plain built-in values are passed through, names that stand for
// another object give a new result, every caller gets a copy. docs/recipes.md lists all of it.

#include "adapters/python/syntax_tree.h"
#include "ports/language_support.h"

namespace ratchet::python {

// kInvalidArgument with the precondition that does not hold.
Result<Change> RememberResults(const ComponentTree& tree, const CodeSite& site);

}  // namespace ratchet::python
