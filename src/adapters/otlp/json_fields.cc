#include "adapters/otlp/json_fields.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "core/base/text.h"

namespace ratchet::otlp {
namespace {

using intake::Attributes;

constexpr size_t kTextBytes = 16'000;  // longer attribute values and bodies are cut

}  // namespace

void Wrong(std::string_view name, std::string_view wanted) {
  throw Malformed{fmt::format("{} is not {}", name, wanted)};
}

bool Has(const Object& o, const char* name, Element& out) {
  return o[name].get(out) == simdjson::SUCCESS && !out.is_null();
}

Object AsObject(Element element, std::string_view name) {
  Object o;
  if (element.get(o) != simdjson::SUCCESS) Wrong(name, "an object");
  return o;
}

Array AsArray(Element element, std::string_view name) {
  Array items;
  if (element.get(items) != simdjson::SUCCESS) Wrong(name, "an array");
  return items;
}

std::string Text(const Object& o, const char* name) {
  Element element;
  if (!Has(o, name, element)) return {};
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) Wrong(name, "text");
  return Shorten(text, kTextBytes);
}

std::int64_t Integer(Element element, const char* name) {
  std::int64_t number = 0;
  if (element.get(number) == simdjson::SUCCESS) return number;
  std::uint64_t large = 0;
  if (element.get(large) == simdjson::SUCCESS) Wrong(name, "a 64-bit integer");
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec == std::errc() && end == text.data() + text.size()) return number;
  }
  double real = 0;
  if (element.get(real) == simdjson::SUCCESS && real > -9e15 && real < 9e15 &&
      real == static_cast<double>(static_cast<std::int64_t>(real))) {
    return static_cast<std::int64_t>(real);
  }
  Wrong(name, "an integer");
}

std::int64_t IntegerOr(const Object& o, const char* name, std::int64_t otherwise) {
  Element element;
  return Has(o, name, element) ? Integer(element, name) : otherwise;
}

int SmallInteger(Element element, const char* name) {
  const std::int64_t number = Integer(element, name);
  if (number != static_cast<int>(number)) Wrong(name, "a 32-bit integer");
  return static_cast<int>(number);
}

std::uint64_t Count(Element element, const char* name) {
  const std::int64_t number = Integer(element, name);
  if (number < 0) Wrong(name, "a count");
  return static_cast<std::uint64_t>(number);
}

double Real(Element element, const char* name) {
  double real = 0;
  if (element.get(real) == simdjson::SUCCESS) return real;
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    if (text == "NaN" || text == "Infinity" || text == "-Infinity")
      return std::numeric_limits<double>::quiet_NaN();
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), real);
    if (ec == std::errc() && end == text.data() + text.size()) return real;
  }
  Wrong(name, "a number");
}

Instant Time(const Object& o, const char* name) {
  const std::int64_t ns = IntegerOr(o, name, 0);
  return FromMillis(ns / 1'000'000);
}

std::string ValueText(const Object& value) {
  Element element;
  if (Has(value, "stringValue", element)) return Text(value, "stringValue");
  if (Has(value, "intValue", element)) return std::to_string(Integer(element, "intValue"));
  if (Has(value, "doubleValue", element)) return fmt::format("{}", Real(element, "doubleValue"));
  bool flag = false;
  if (Has(value, "boolValue", element) && element.get(flag) == simdjson::SUCCESS)
    return flag ? "true" : "false";
  // Arrays, maps and bytes: their JSON is identity enough.
  return Shorten(simdjson::minify(value), kTextBytes);
}

Attributes ReadAttributes(const Object& o) {
  constexpr size_t kAttributesMax = 128;
  Attributes attributes;
  Element element;
  if (!Has(o, "attributes", element)) return attributes;
  for (const Element item : AsArray(element, "attributes")) {
    const Object attribute = AsObject(item, "attributes");
    Element value;
    if (attributes.size() < kAttributesMax && Has(attribute, "value", value))
      attributes[Text(attribute, "key")] = ValueText(AsObject(value, "value"));
  }
  return attributes;
}

}  // namespace ratchet::otlp
