#include "adapters/sqlite/telemetry_sql.h"

#include <fmt/format.h>

#include "core/base/text.h"

namespace ratchet::sqlite {

std::string Cut(const std::string& name) {
  return name.size() <= kNameBytes ? name : Shorten(name, kNameBytes);
}

Where Conditions(const TelemetryQuery& query, bool with_metrics) {
  Where where;
  const auto in = [&](const char* column, const std::vector<std::string>& values) {
    where.sql += fmt::format(" AND {} IN (", column);
    for (size_t i = 0; i < values.size(); ++i) where.sql += i == 0 ? "?" : ", ?";
    where.sql += ")";
    where.values.insert(where.values.end(), values.begin(), values.end());
  };
  if (const auto& tenants = query.tenants.tenants()) {
    std::vector<std::string> names;
    for (const TenantId& tenant : *tenants) names.push_back(tenant.value);
    in("tenant", names);
  }
  if (query.component) in("component", {query.component->value});
  if (query.operation) in("operation", {*query.operation});
  if (with_metrics && !query.metrics.empty()) in("metric", query.metrics);
  return where;
}

Query& Bind(Query& query, const Where& where) {
  for (const std::string& value : where.values) query.Text(value);
  return query;
}

}  // namespace ratchet::sqlite
