#pragma once
// Members of JSON objects as OTLP writes them: 64-bit integers as text or numbers, NaN as text,
// attributes as lists of keys and typed values. For this folder's decoder only.

#include <simdjson.h>

#include <string>
#include <string_view>

#include "core/intake/records.h"

namespace ratchet::otlp {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;
using Array = simdjson::dom::array;

// What is wrong with a record or a message; never leaves the decoder.
struct Malformed {
  std::string what;
};

[[noreturn]] void Wrong(std::string_view name, std::string_view wanted);

bool Has(const Object& o, const char* name, Element& out);  // null is not there
Object AsObject(Element element, std::string_view name);
Array AsArray(Element element, std::string_view name);

// All throw Malformed for what is there and of the wrong kind.
std::string Text(const Object& o, const char* name);  // "" if not there; long text is cut
std::int64_t Integer(Element element, const char* name);
std::int64_t IntegerOr(const Object& o, const char* name, std::int64_t otherwise);
int SmallInteger(Element element, const char* name);
std::uint64_t Count(Element element, const char* name);
double Real(Element element, const char* name);
Instant Time(const Object& o, const char* name);
std::string ValueText(const Object& value);  // of an AnyValue
intake::Attributes ReadAttributes(const Object& o);

}  // namespace ratchet::otlp
