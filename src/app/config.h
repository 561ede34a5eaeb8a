#pragma once
// Configuration: a profile < ratchet.toml < environment. docs/configuration.md lists every setting.

#include <string>

#include "adapters/models/provider_kind.h"
#include "adapters/otlp/otlp_receiver.h"
#include "adapters/sqlite/sqlite_telemetry_store.h"
#include "core/settings/reader.h"
#include "engine/config.h"
#include "ports/sandbox.h"

namespace ratchet {

struct AppConfig {
  std::string file;       // where it was read from
  std::string state_dir;  // absolute
  std::string http_address = "127.0.0.1";
  unsigned short http_port = 8004;
  std::string otlp_address = "127.0.0.1";
  unsigned short otlp_port = 4318;
  otlp::OtlpConfig otlp;
  TelemetryLimits telemetry;
  EngineConfig engine;
  std::vector<std::string> authors = {"recipes"};
  std::map<std::string, models::ModelConfig> models;  // by the provider's name
  int max_tokens = 4000;
  SandboxLimits sandbox;
  std::string webhook;
  std::vector<settings::Row> rows;  // every setting as it is held, with its origin
};

using settings::Environment;

// kInvalidArgument with one line a mistake, all of them: PLACE: key: value; allowed: ...
// PLACE is FILE:LINE:COLUMN or "environment NAME".
Result<AppConfig> ReadConfig(const std::string& path, const Environment& environment);
// The same from text; `base` is the folder that relative paths start from. For tests and fuzzing.
Result<AppConfig> ParseConfig(std::string_view text, const std::string& name,
                              const std::string& base, const Environment& environment);

}  // namespace ratchet
