#include "app/config_commands.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/cautions.h"
#include "core/base/text.h"

namespace ratchet {

using Json = nlohmann::ordered_json;

std::string ConfigChecked(const AppConfig& config) {
  std::string text;
  for (const settings::Row& row : config.rows)
    text += fmt::format("{} = {}  # {}\n", row.path, row.value.empty() ? "-" : row.value,
                        Text(row.origin));
  text += fmt::format("{}: {} components, API on {}:{}: fine\n", config.file,
                      config.engine.components.size(), config.http_address, config.http_port);
  for (const std::string& caution : Cautions(config)) text += "note: " + caution + "\n";
  return text;
}

std::string ConfigCheckedJson(const AppConfig& config) {
  Json rows = Json::array();
  for (const settings::Row& row : config.rows)
    rows.push_back({{"key", row.path}, {"value", row.value}, {"origin", Text(row.origin)}});
  return Json{{"file", config.file}, {"settings", rows}, {"notes", Cautions(config)}}.dump(2) +
         "\n";
}

std::string ConfigRefusedJson(const Error& error) {
  Json lines = Json::array();
  for (const std::string_view line : SplitLines(error.message)) lines.push_back(line);
  return Json{{"mistakes", lines}}.dump(2) + "\n";
}

}  // namespace ratchet
