#pragma once
// Every setting of the program: the one list in which the modules' declarations are joined.

#include "adapters/models/model_settings.h"
#include "app/config.h"
#include "core/settings/schema.h"

namespace ratchet {

// What is declared, as it is read. What follows from it is AppConfig's (config.cc).
struct AppSettings {
  AppConfig config;
  std::string profile;
  std::string state_dir = "ratchet-state";
  std::vector<ComponentConfig> components;              // in the order of the file
  std::map<std::string, models::ModelSettings> models;  // by the provider's name
};

// `schema` refers to `all`: it must outlive the schema.
void DeclareSettings(settings::Schema& schema, AppSettings& all);

}  // namespace ratchet
