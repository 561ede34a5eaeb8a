#include "core/settings/document.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.h"

namespace ratchet::settings {
namespace {

constexpr const char* kColumns = "| key | default | allowed | meaning |\n|---|---|---|---|\n";

std::string Cell(const std::string& text) { return ReplaceAll(text, "|", "\\|"); }

// Values are code, "dearest known price" is not.
std::string DefaultCell(const Setting& setting) {
  if (setting.required) return "required";
  if (setting.default_is.empty()) return "–";
  const bool words = setting.default_is.contains(' ') && !setting.default_is.starts_with('[');
  return words ? setting.default_is : "`" + setting.default_is + "`";
}

std::string Line(const Setting& setting, const std::string& key) {
  const std::string variable =
      setting.variable.empty() ? "" : fmt::format(" (`{}`)", setting.variable);
  return fmt::format("| `{}`{} | {} | {} | {} |\n", key, variable, Cell(DefaultCell(setting)),
                     Cell(setting.allowed), Cell(setting.help));
}

// "http" of "http.port", "" of "state_dir".
std::string TableOf(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

class Page {
 public:
  // `prefix` and `heading` are of the group that the schema is of.
  void Add(const Schema& schema, const std::string& prefix, const std::string& heading,
           const std::string& help) {
    for (const std::string& table : TablesIn(schema)) {
      const std::string name = prefix + table;
      text_ += table.empty() ? fmt::format("{}\n", heading) : fmt::format("\n### `[{}]`\n\n", name);
      if (table.empty() && !help.empty()) text_ += help + "\n\n";
      text_ += kColumns;
      for (const Setting& setting : schema.settings()) {
        if (!setting.path.empty() && TableOf(setting.path) == table)
          text_ += Line(setting, setting.path.substr(table.empty() ? 0 : table.size() + 1));
      }
    }
    for (const Group& group : schema.groups()) AddGroup(group, prefix);
  }

  void AddFixed(const Schema& schema) {
    text_ += "\n### Only in the environment\n\n" + std::string(kColumns);
    for (const Setting& setting : schema.settings())
      if (setting.path.empty())
        text_ += fmt::format("| `{}` | `{}` | {} | {} |\n", setting.variable, setting.default_is,
                             setting.default_is, Cell(setting.help));
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  static std::vector<std::string> TablesIn(const Schema& schema) {
    std::vector<std::string> tables;
    for (const Setting& setting : schema.settings()) {
      const std::string table = TableOf(setting.path);
      if (!setting.path.empty() && std::ranges::find(tables, table) == tables.end())
        tables.push_back(table);
    }
    return tables;
  }

  void AddGroup(const Group& group, const std::string& prefix) {
    const std::string path = prefix + group.path;
    const bool list = group.kind == Group::Kind::kList;
    const std::string form = list ? "[[" + path + "]]" : "[" + path + ".NAME]";
    Add(group.add_example(), path + (list ? "." : ".NAME."), "\n### `" + form + "`\n", group.help);
  }

  std::string text_;
};

}  // namespace

std::string Document(const Schema& schema) {
  Page page;
  page.Add(schema, "", "### At the top", "");
  page.AddFixed(schema);
  return page.text();
}

}  // namespace ratchet::settings
