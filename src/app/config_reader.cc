#include "app/config_reader.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "core/base/text.h"

namespace ratchet {
namespace {

int LineOf(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

std::string ValueOf(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return Shorten(text.str(), 80);
}

}  // namespace

void ConfigReader::Mistake(int line, const std::string& key, const std::string& value,
                           const std::string& allowed) {
  mistakes_.push_back(fmt::format("{}:{}: {}: {}; allowed: {}", file_, line, key, value, allowed));
}

const toml::node* ConfigReader::Table::Find(const char* key) {
  asked_.insert(key);
  return table_ == nullptr ? nullptr : table_->get(key);
}

bool ConfigReader::Table::Has(const char* key) const {
  return table_ != nullptr && table_->contains(key);
}

void ConfigReader::Table::Wrong(const char* key, const std::string& value,
                                const std::string& allowed) {
  const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
  reader_.Mistake(node == nullptr ? (table_ == nullptr ? 0 : LineOf(*table_)) : LineOf(*node),
                  prefix_ + key, value, allowed);
}

void ConfigReader::Table::Text(const char* key, std::string& value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  if (const auto text = node->value_exact<std::string>())
    value = *text;
  else
    Wrong(key, ValueOf(*node), "text in quotes");
}

void ConfigReader::Table::Texts(const char* key, std::vector<std::string>& values) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr || !std::all_of(array->begin(), array->end(),
                                       [](const toml::node& n) { return n.is_string(); })) {
    return Wrong(key, ValueOf(*node), "a list of texts, e.g. [\"a\", \"b\"]");
  }
  values.clear();
  for (const toml::node& item : *array) values.push_back(item.value_or(std::string()));
}

void ConfigReader::Table::Flag(const char* key, bool& value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  if (const auto flag = node->value_exact<bool>())
    value = *flag;
  else
    Wrong(key, ValueOf(*node), "true or false");
}

void ConfigReader::Table::Number(const char* key, double& value, double low, double high) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto number = node->is_number() ? node->value<double>() : std::nullopt;
  if (number && *number >= low && *number <= high)
    value = *number;
  else
    Wrong(key, ValueOf(*node), fmt::format("a number from {} to {}", low, high));
}

bool ConfigReader::Table::ReadInteger(const char* key, long long& value, long long low,
                                      long long high) {
  const toml::node* node = Find(key);
  if (node == nullptr) return false;
  const auto number = node->value_exact<std::int64_t>();
  if (!number || *number < low || *number > high) {
    Wrong(key, ValueOf(*node), fmt::format("a whole number from {} to {}", low, high));
    return false;
  }
  value = *number;
  return true;
}

void ConfigReader::Table::Period(const char* key, Duration& value, Duration low, Duration high) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto text = node->value_exact<std::string>();
  const auto parsed =
      text ? ParseDuration(*text) : Result<Duration>(Fail(ErrorCode::kInvalidArgument, ""));
  if (parsed && *parsed >= low && *parsed <= high)
    value = *parsed;
  else
    Wrong(key, ValueOf(*node),
          fmt::format("a duration from \"{}\" to \"{}\", e.g. \"{}\"", FormatDuration(low),
                      FormatDuration(high), FormatDuration(value)));
}

void ConfigReader::Table::OneOf(const char* key, const std::vector<std::string>& allowed,
                                const std::function<void(const std::string&)>& set) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto text = node->value_exact<std::string>();
  if (text && std::ranges::find(allowed, *text) != allowed.end())
    set(*text);
  else
    Wrong(key, ValueOf(*node), Join(allowed, ", "));
}

ConfigReader::Table ConfigReader::Table::Sub(const char* key) {
  const toml::node* node = Find(key);
  if (node != nullptr && !node->is_table()) Wrong(key, ValueOf(*node), "a table");
  return {reader_, node == nullptr ? nullptr : node->as_table(), prefix_ + key + "."};
}

void ConfigReader::Table::EachTable(const char* key, const std::function<void(Table&)>& visit) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) return Wrong(key, ValueOf(*node), fmt::format("tables [[{}]]", key));
  for (const toml::node& item : *array) {
    if (!item.is_table()) return Wrong(key, ValueOf(item), fmt::format("tables [[{}]]", key));
    Table table(reader_, item.as_table(), prefix_ + key + ".");
    visit(table);
    table.Finish();
  }
}

void ConfigReader::Table::EachNamed(const char* key,
                                    const std::function<void(const std::string&, Table&)>& visit) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const toml::table* named = node->as_table();
  if (named == nullptr) return Wrong(key, ValueOf(*node), fmt::format("tables [{}.NAME]", key));
  for (const auto& [name, item] : *named) {
    if (!item.is_table()) {
      reader_.Mistake(LineOf(item), prefix_ + key + "." + std::string(name.str()), ValueOf(item),
                      "a table");
      continue;
    }
    Table table(reader_, item.as_table(), prefix_ + key + "." + std::string(name.str()) + ".");
    visit(std::string(name.str()), table);
    table.Finish();
  }
}

void ConfigReader::Table::Finish() {
  if (table_ == nullptr) return;
  for (const auto& [key, node] : *table_) {
    if (asked_.contains(std::string(key.str()))) continue;
    std::vector<std::string> known(asked_.begin(), asked_.end());
    reader_.Mistake(LineOf(node), prefix_ + std::string(key.str()), "there is no such key",
                    Join(known, ", "));
  }
}

}  // namespace ratchet
