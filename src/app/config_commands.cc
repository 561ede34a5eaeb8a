#include "app/config_commands.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/cautions.h"
#include "core/base/text.h"

namespace ratchet {

namespace {

using Json = nlohmann::ordered_json;

// Names of files need not be UTF-8.
std::string Page(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

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
  return Page(
      Json::object({{"file", config.file}, {"settings", rows}, {"notes", Cautions(config)}}));
}

std::string ConfigRefusedJson(const Error& error) {
  Json lines = Json::array();
  for (const std::string_view line : SplitLines(error.message)) lines.push_back(line);
  return Page(Json::object({{"mistakes", lines}}));
}

}  // namespace ratchet
