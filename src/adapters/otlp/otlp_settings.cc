#include "adapters/otlp/otlp_settings.h"

namespace ratchet::otlp {

void DeclareSettings(settings::Schema& schema, OtlpConfig& config) {
  schema.Text("otlp.tenant_attribute", config.tenant_attribute,
              "The attribute that names the tenant.", settings::kSomeText);
  schema.Text("otlp.default_tenant", config.default_tenant, "Whose telemetry is that without it.");
  schema.Texts("otlp.latency_metrics", config.latency_metrics,
               "Histograms that are request latencies.");
}

}  // namespace ratchet::otlp
