#pragma once
// What the purity proof knows of Python's built-ins and standard library: a whitelist. A name that
// is missing here only costs a refusal; one that is here wrongly would break somebody's service.

#include <set>
#include <string_view>

namespace ratchet::python {

using NameSet = std::set<std::string_view>;

// The words of a literal, with one space between them.
NameSet Words(std::string_view text);

const NameSet& PureBuiltins();     // functions that only compute
const NameSet& BuiltinTypes();     // constructors of plain values
const NameSet& FreshCalls();       // whose result is a new object that nothing else refers to
const NameSet& ReadingMethods();   // of plain values, that change nothing
const NameSet& MutatingMethods();  // of plain values, that change them and nothing else

// Whether MODULE.NAME of the standard library only computes.
bool IsPureLibrary(std::string_view module, std::string_view name);

}  // namespace ratchet::python
