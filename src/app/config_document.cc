#include "app/config_document.h"

#include "app/app_settings.h"
#include "core/settings/document.h"

namespace ratchet {
namespace {

constexpr const char* kBefore = R"(# Configuration

*Written by `ratchet config document` from the declarations in the modules' `*_settings.cc`; a test compares.*

A profile < `ratchet.toml` (`-c FILE`) < environment; flags name the file and the key. All of it is read, then checked
once, whatever it came from. Every mistake is said, with its place (file, line and column, or the variable), key, value
and what is allowed; a key that does not exist is a mistake. Durations are text with a unit: `"90s"`, `"24h"`, `"7d"`.
Relative paths start at the file's folder, those of the environment at the working directory.

`ratchet config check` checks without starting, and shows each value with its origin (`--json` for programs); secrets are
never shown. The second table of a list is called `component[2]`.

## Settings

Names in brackets are those of the environment; what counts hours or seconds has it in its name.

)";

constexpr const char* kAfter = R"(
`RATCHET_KEY` is the key that the command line sends.

## The state folder

It (0700) holds `state.db` (state and audit log), `telemetry.db`, `keys.json`, `reports/`, `logs/` and
`reserve`: 16 MB that are given free when the disk is full, so that watching and rolling back go on.
)";

}  // namespace

std::string ConfigDocument() {
  AppSettings all;
  settings::Schema schema;
  DeclareSettings(schema, all);
  return kBefore + settings::Document(schema) + kAfter;
}

}  // namespace ratchet
