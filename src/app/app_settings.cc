#include "app/app_settings.h"

#include "adapters/bwrap/sandbox_settings.h"
#include "adapters/models/provider_list.h"
#include "adapters/otlp/otlp_settings.h"
#include "adapters/sqlite/telemetry_settings.h"
#include "app/profiles.h"
#include "core/model/component_settings.h"
#include "engine/engine_settings.h"

namespace ratchet {
namespace {

using settings::Schema;

// Those of no other module: where the daemon stands, and who writes changes.
void DeclareOwn(Schema& schema, AppSettings& all) {
  AppConfig& config = all.config;
  schema.OneOf("profile", all.profile, ProfileChoices(),
               "Sets interval, concurrency, quality, risk, watch and threshold at once.");
  schema
      .Text("state_dir", all.state_dir, "Everything that must not be lost; one daemon a folder.",
            settings::kSomeText)
      .From("RATCHET_STATE_DIR");
  schema.Text("http.address", config.http_address, "Of the API.", settings::kSomeText);
  schema.Integer("http.port", config.http_port, {0, 65535}, "0 is any free one.");
  schema.Text("otlp.address", config.otlp_address,
              "OTLP/HTTP takes no key: keep it on the loopback.", settings::kSomeText);
  schema.Integer("otlp.port", config.otlp_port, {0, 65535}, "0 is any free one.");
  schema.Text("alerts.webhook", config.webhook, "Alerts are POSTed to it as JSON.", settings::kUrl)
      .Secret();
  schema.Texts("generation.order", config.authors,
               "Who is asked for a change: `recipes`, `openai`.");
  schema.Integer("generation.max_tokens", config.max_tokens, {100, 200'000}, "Of one answer.");
}

}  // namespace

void DeclareSettings(Schema& schema, AppSettings& all) {
  DeclareOwn(schema, all);
  otlp::DeclareSettings(schema, all.config.otlp);
  DeclareSettings(schema, all.config.telemetry);
  DeclareSettings(schema, all.config.engine);
  for (const models::ProviderKind* kind : models::kAllProviders)
    DeclareSettings(schema, *kind, all.models[kind->name]);
  DeclareSettings(schema, all.config.sandbox);
  schema.Tables<ComponentConfig>("component", all.components, DeclareSettings,
                                 "One for each unit of code (README.md has an example).");
}

}  // namespace ratchet
