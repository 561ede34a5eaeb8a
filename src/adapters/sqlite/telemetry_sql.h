#pragma once
// What the telemetry store's queries share.

#include <string>
#include <vector>

#include "adapters/sqlite/database.h"
#include "ports/telemetry_store.h"

namespace ratchet::sqlite {

inline constexpr size_t kNameBytes = 200;
inline constexpr size_t kCacheMax = 50'000;  // entries of a cache in memory

// A name from telemetry, of kNameBytes at most.
std::string Cut(const std::string& name);

// "AND tenant IN (?, ?)" and so on; the values follow in the same order.
struct Where {
  std::string sql;
  std::vector<std::string> values;
};

Where Conditions(const TelemetryQuery& query, bool with_metrics);
Query& Bind(Query& query, const Where& where);

}  // namespace ratchet::sqlite
