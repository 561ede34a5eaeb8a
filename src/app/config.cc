#include "app/config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/app_settings.h"
#include "app/config_checks.h"
#include "app/languages.h"
#include "app/profiles.h"
#include "app/toml_values.h"
#include "core/model/component_settings.h"

namespace ratchet {
namespace {

namespace fs = std::filesystem;

std::string AbsolutePath(const std::string& path, const std::string& base) {
  std::string absolute = (fs::path(base) / path).lexically_normal().string();
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return absolute;
}

settings::Value::Table ProfileOf(const settings::Value& file) {
  const auto& table = std::get<settings::Value::Table>(file.data);
  const auto at = table.find("profile");
  const auto* name = at == table.end() ? nullptr : std::get_if<std::string>(&at->second.data);
  return name == nullptr ? settings::Value::Table() : ProfileNamed(*name);
}

// What is not configured is as the language has it; an unknown language is told by the checks.
void ByLanguage(ComponentConfig& component) {
  const auto& all = BuiltInLanguages();
  if (component.language.empty()) component.language = all.front()->conventions().name;
  for (const LanguageSupport* language : all) {
    const LanguageConventions& conventions = language->conventions();
    if (conventions.name != component.language) continue;
    if (component.interpreter.empty()) component.interpreter = conventions.interpreter;
    if (component.sources.empty()) component.sources = conventions.sources;
  }
}

// What follows from what was read. Paths of the file start at its folder, `base`, those of the
// environment where the program was started.
void Complete(AppSettings& all, const std::string& base, const settings::Mistakes& mistakes) {
  std::error_code error;
  const bool from_file = mistakes.PlaceOf("state_dir").source != settings::Source::kEnvironment;
  all.config.state_dir =
      AbsolutePath(all.state_dir, from_file ? base : fs::current_path(error).string());
  for (ComponentConfig& component : all.components) {
    ByLanguage(component);
    Complete(component);
    if (!component.root.empty()) component.root = AbsolutePath(component.root, base);
  }
  for (const auto& [tenant, own] : all.config.engine.tenants) {
    if (own.concurrent_max) all.config.engine.limits.tenant_max[tenant] = *own.concurrent_max;
  }
  for (const auto& [name, model] : all.models) {
    if (std::ranges::find(all.config.authors, name) != all.config.authors.end())
      all.config.models[name] = models::ConfigOf(model);
  }
}

}  // namespace

Result<AppConfig> ParseConfig(std::string_view text, const std::string& name,
                              const std::string& base, const Environment& environment) {
  TRY(settings::Value file, ReadToml(text, name));
  AppSettings all;
  settings::Schema schema;
  DeclareSettings(schema, all);
  settings::Mistakes mistakes(name);
  auto profile = ProfileOf(file);
  all.config.rows =
      settings::Read({std::move(profile), std::move(file), environment}, schema, mistakes);
  Complete(all, base, mistakes);
  CheckTogether(all, mistakes);
  TRY_STATUS(mistakes.Told());
  all.config.file = name;
  for (ComponentConfig& component : all.components)
    all.config.engine.components.emplace(component.id, std::move(component));
  return std::move(all.config);
}

Result<AppConfig> ReadConfig(const std::string& path, const Environment& environment) {
  constexpr std::uintmax_t kBytesMax = 1U << 20;
  std::error_code error;
  const auto refuse = [&](const std::string& why) {
    return Fail(ErrorCode::kInvalidArgument, "configuration " + path + " " + why);
  };
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status))
    return Fail(ErrorCode::kNotFound, "configuration " + path + " is not there; README.md has one");
  if (!fs::is_regular_file(status)) return refuse("is no file");
  const std::uintmax_t size = fs::file_size(path, error);
  if (size == 0) return refuse("is empty; README.md has an example");
  if (size > kBytesMax) return refuse("is larger than 1 MB");
  std::ifstream file(path);
  if (!file) return refuse("cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  const fs::path absolute = fs::absolute(path, error);
  return ParseConfig(text.str(), path, absolute.parent_path().string(), environment);
}

}  // namespace ratchet
