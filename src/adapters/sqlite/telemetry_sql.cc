#include "adapters/sqlite/telemetry_sql.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/text.h"

namespace ratchet::sqlite {
namespace {

void AddIn(Where& where, const char* column, const std::vector<std::string>& values) {
  where.sql += fmt::format(" AND {} IN (", column);
  for (size_t i = 0; i < values.size(); ++i) where.sql += i == 0 ? "?" : ", ?";
  where.sql += ")";
  where.values.insert(where.values.end(), values.begin(), values.end());
}

void AddTenants(Where& where, const TenantFilter& filter) {
  const std::optional<std::set<TenantId>>& tenants = filter.tenants();
  if (!tenants) return;
  std::vector<std::string> names;
  names.reserve(tenants->size());
  for (const TenantId& tenant : *tenants) names.push_back(tenant.value);
  AddIn(where, "tenant", names);
}

}  // namespace

std::string Cut(const std::string& name) {
  return name.size() <= kNameBytes ? name : Shorten(name, kNameBytes);
}

std::string LabelsText(const Labels& labels) {
  return nlohmann::json(labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Labels> LabelsOf(const std::string& text) {
  Labels labels;
  if (text == "{}") return labels;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return Fail(ErrorCode::kInternal, "the labels of a series cannot be read");
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) labels[name] = value.get<std::string>();
  }
  return labels;
}

Where Conditions(const TenantFilter& tenants) {
  Where where;
  AddTenants(where, tenants);
  return where;
}

Where Conditions(const SeriesSelector& selector) {
  Where where;
  AddTenants(where, selector.tenants);
  if (selector.component) AddIn(where, "component", {selector.component->value});
  if (selector.operation) AddIn(where, "operation", {*selector.operation});
  if (selector.version) AddIn(where, "version", {*selector.version});
  if (selector.role) where.sql += fmt::format(" AND role = {}", static_cast<int>(*selector.role));
  if (!selector.metrics.empty()) AddIn(where, "metric", selector.metrics);
  for (const auto& [name, value] : selector.labels) {
    where.sql +=
        " AND EXISTS (SELECT 1 FROM json_each(labels) AS l WHERE l.key = ? AND l.value = ?)";
    where.values.insert(where.values.end(), {name, value});
  }
  return where;
}

Where Conditions(const IncidentSelector& selector, Versions versions) {
  Where where;
  AddTenants(where, selector.tenants);
  if (selector.component) AddIn(where, "component", {selector.component->value});
  if (selector.operation) AddIn(where, "operation", {*selector.operation});
  if (versions == Versions::kYes && selector.version) AddIn(where, "version", {*selector.version});
  return where;
}

Query& Bind(Query& query, const Where& where) {
  for (const std::string& value : where.values) query.Text(value);
  return query;
}

}  // namespace ratchet::sqlite
