#include "core/settings/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/settings/environment_value.h"
#include "core/settings/nearest.h"

namespace ratchet::settings {
namespace {

constexpr const char* kSecret = "(secret)";

// One schema with the table that was given for it.
class Reading {
 public:
  Reading(const Sources& sources, std::string prefix, Mistakes& mistakes, std::vector<Row>& rows)
      : sources_(sources), prefix_(std::move(prefix)), mistakes_(mistakes), rows_(rows) {}

  void All(const Value& table, const Schema& schema) {
    NameAll(schema);
    Visit(std::get<Value::Table>(table.data), "");
    for (const Setting& setting : schema.settings()) Settle(setting, table.place);
    for (const Group& group : schema.groups()) Fill(group);
  }

 private:
  [[nodiscard]] std::string Full(const std::string& path) const { return prefix_ + path; }

  void NameAll(const Schema& schema) {
    for (const Setting& setting : schema.settings())
      if (!setting.path.empty()) names_.push_back(setting.path);
    for (const Group& group : schema.groups()) names_.push_back(group.path);
  }

  // Finds what was given for each declaration; `path` ends with a dot, or is "".
  void Visit(const Value::Table& table, const std::string& path) {
    for (const auto& [key, value] : table) {
      const std::string name = path + key;
      const bool plain = !key.contains('.');
      if (plain && std::ranges::find(names_, name) != names_.end())
        given_[name] = &value;
      else if (plain && IsTable(name + "."))
        Descend(value, name);
      else
        mistakes_.Unknown(value.place, Full(name), Nearest(name));
    }
  }

  [[nodiscard]] bool IsTable(const std::string& prefix) const {
    return std::ranges::any_of(names_, [&](const auto& name) { return name.starts_with(prefix); });
  }

  void Descend(const Value& value, const std::string& name) {
    const auto* inner = std::get_if<Value::Table>(&value.data);
    if (inner == nullptr)
      return mistakes_.Refuse(value.place, Full(name), value.written, "a table");
    mistakes_.Note(Full(name), value.place);
    Visit(*inner, name + ".");
  }

  // Of the first hundred unknown keys: a file of nothing else is another kind of mistake.
  std::string Nearest(const std::string& name) {
    constexpr int kUnknownMax = 100;
    if (++unknown_ > kUnknownMax) return "";
    std::vector<std::string> known = names_;
    for (const std::string& path : names_) {
      const size_t dot = path.rfind('.');
      if (dot != std::string::npos) known.push_back(path.substr(0, dot));
    }
    const std::string nearest = NearestName(name, known);
    return nearest.empty() ? "" : Full(nearest);
  }

  void Settle(const Setting& setting, const Place& table) {
    const std::string path = Full(setting.path);
    const std::vector<Value> given = GivenFor(setting);
    Place origin;
    for (const Value& value : given) {
      if (setting.take(value))
        mistakes_.Note(path, origin = value.place);
      else
        mistakes_.Refuse(value.place, path, setting.secret ? kSecret : value.written,
                         AllowedAt(value.place, setting));
    }
    if (setting.required && given.empty())
      mistakes_.Refuse(table, path, "is missing", setting.allowed);
    if (setting.secret_held != nullptr) TakeSecret(setting);
    if (!setting.path.empty()) rows_.push_back({path, Shown(setting, origin), origin});
  }

  static std::string AllowedAt(const Place& place, const Setting& setting) {
    if (place.source != Source::kEnvironment || setting.unit == Unit::kNone) return setting.allowed;
    return setting.allowed + (setting.unit == Unit::kHours ? ", in hours" : ", in seconds");
  }

  static std::string Shown(const Setting& setting, const Place& origin) {
    const std::string shown = setting.show();
    if (shown.empty() && origin.source == Source::kDefault) return setting.default_is;
    return setting.secret && !shown.empty() ? kSecret : OneLine(shown);
  }

  // The higher sources later.
  std::vector<Value> GivenFor(const Setting& setting) {
    std::vector<Value> values;
    const auto preset = sources_.profile.find(Full(setting.path));
    if (preset != sources_.profile.end()) values.push_back(preset->second);
    const auto written = given_.find(setting.path);
    if (written != given_.end()) values.push_back(*written->second);
    const auto variable = sources_.environment.find(setting.variable);
    if (!setting.variable.empty() && variable != sources_.environment.end())
      values.push_back(EnvironmentValue(setting, variable->second));
    return values;
  }

  void TakeSecret(const Setting& setting) {
    const auto at = sources_.environment.find(*setting.variable_held);
    if (at != sources_.environment.end()) *setting.secret_held = at->second;
  }

  void Fill(const Group& group) {
    const auto at = given_.find(group.path);
    if (at == given_.end()) return;
    if (group.kind == Group::Kind::kNamed)
      FillNamed(group, *at->second);
    else
      FillList(group, *at->second);
  }

  void FillList(const Group& group, const Value& value) {
    const std::string form = fmt::format("tables [[{}]]", Full(group.path));
    const auto* list = std::get_if<Value::List>(&value.data);
    if (list == nullptr)
      return mistakes_.Refuse(value.place, Full(group.path), value.written, form);
    int number = 0;
    for (const Value& item : *list)
      FillOne(group, "", item, fmt::format("{}[{}]", group.path, ++number), form);
  }

  void FillNamed(const Group& group, const Value& value) {
    const std::string form = fmt::format("tables [{}.NAME]", Full(group.path));
    const auto* table = std::get_if<Value::Table>(&value.data);
    if (table == nullptr)
      return mistakes_.Refuse(value.place, Full(group.path), value.written, form);
    for (const auto& [name, item] : *table) {
      const std::string key = name.contains('.') ? "\"" + name + "\"" : name;
      FillOne(group, name, item, group.path + "." + key, form);
    }
  }

  void FillOne(const Group& group, const std::string& name, const Value& item,
               const std::string& path, const std::string& form) {
    if (!std::holds_alternative<Value::Table>(item.data))
      return mistakes_.Refuse(item.place, Full(path), item.written, form);
    mistakes_.Note(Full(path), item.place);
    const Schema schema = group.add(name);
    Reading(sources_, Full(path) + ".", mistakes_, rows_).All(item, schema);
  }

  const Sources& sources_;
  std::string prefix_;
  Mistakes& mistakes_;
  std::vector<Row>& rows_;
  std::vector<std::string> names_;  // of all that is declared here
  std::map<std::string, const Value*> given_;
  int unknown_ = 0;
};

}  // namespace

std::vector<Row> Read(const Sources& sources, const Schema& schema, Mistakes& mistakes) {
  std::vector<Row> rows;
  Reading(sources, "", mistakes, rows).All(sources.file, schema);
  return rows;
}

}  // namespace ratchet::settings
