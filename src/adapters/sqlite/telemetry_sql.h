#pragma once
// What the telemetry store's queries share.

#include <string>
#include <vector>

#include "adapters/sqlite/database.h"
#include "ports/incident_store.h"
#include "ports/series_reader.h"

namespace ratchet::sqlite {

inline constexpr size_t kNameBytes = 200;
inline constexpr size_t kCacheMax = 50'000;  // entries of a cache in memory

// A name from telemetry, of kNameBytes at most.
std::string Cut(const std::string& name);

// Labels as they stand in a row: a JSON object with sorted names.
std::string LabelsText(const Labels& labels);
Result<Labels> LabelsOf(const std::string& text);

// "AND tenant IN (?, ?)" and so on; the values follow in the same order.
struct Where {
  std::string sql;
  std::vector<std::string> values;
};

Where Conditions(const TenantFilter& tenants);
Where Conditions(const SeriesSelector& selector);
// Rows of error clusters have versions, others do not.
enum class Versions { kNo, kYes };
Where Conditions(const IncidentSelector& selector, Versions versions);
Query& Bind(Query& query, const Where& where);

}  // namespace ratchet::sqlite
