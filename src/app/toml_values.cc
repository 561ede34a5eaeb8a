#include "app/toml_values.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <sstream>

#include "app/toml_syntax.h"
#include "core/base/text.h"

namespace ratchet {
namespace {

using settings::Value;

std::string WrittenAs(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (const auto* text = node.as_string()) return settings::Written(text->get());
  constexpr size_t kBytesMax = 80;
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return Shorten(text.str(), kBytesMax);
}

class Conversion {
 public:
  explicit Conversion(const std::string& file) : file_(file) {}

  Value Of(const toml::node& node) const {
    Value value{.written = WrittenAs(node), .place = PlaceOf(node)};
    if (const auto* flag = node.as_boolean()) value.data = flag->get();
    if (const auto* whole = node.as_integer()) value.data = whole->get();
    if (const auto* number = node.as_floating_point()) value.data = number->get();
    if (const auto* text = node.as_string()) value.data = text->get();
    if (const auto* array = node.as_array()) value.data = List(*array);
    if (const auto* table = node.as_table()) value.data = Table(*table);
    return value;
  }

 private:
  Value::List List(const toml::array& array) const {
    Value::List list;
    for (const toml::node& item : array) list.push_back(Of(item));
    return list;
  }

  Value::Table Table(const toml::table& table) const {
    Value::Table values;
    for (const auto& [key, node] : table) values.emplace(key.str(), Of(node));
    return values;
  }

  settings::Place PlaceOf(const toml::node& node) const {
    const auto begin = node.source().begin;
    return {settings::Source::kFile, file_, static_cast<int>(begin.line),
            static_cast<int>(begin.column)};
  }

  const std::string& file_;
};

}  // namespace

Result<Value> ReadToml(std::string_view text, const std::string& file) {
  const std::string_view body = text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
  TRY_STATUS(CheckTomlSyntax(body, file));
  try {
    Value root = Conversion(file).Of(toml::parse(body, file));
    root.place = {.source = settings::Source::kFile, .name = file};
    return root;
  } catch (const toml::parse_error& error) {
    const auto begin = error.source().begin;
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}:{}:{}: no TOML: {}", file, begin.line,
                                                         begin.column, error.description()));
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: no TOML: {}", file, error.what()));
  }
}

}  // namespace ratchet
