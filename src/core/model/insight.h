#pragma once
// Insights are facts with evidence; an opportunity is an insight turned into work.

#include <optional>
#include <string>
#include <vector>

#include "core/model/insight_kind.h"
#include "core/model/telemetry.h"

namespace ratchet {

enum class Severity { kLow, kMedium, kHigh, kCritical };
enum class Level { kLow, kMedium, kHigh, kCritical };
enum class Origin { kMeasured, kEstimated, kLearned };
enum class Reach { kTenant, kSystemWide };

// One number that speaks for an insight, e.g. {"latency_mean_ms", 41.2, "ms", "last hour"}.
struct Evidence {
  std::string name;
  double value = 0;
  std::string unit;
  std::string note;
};

struct Insight {
  InsightId id;
  CycleId cycle;
  InsightKind kind = InsightKind::kLatencyDegradation;
  TenantId tenant;
  ComponentId component;
  std::string operation;
  Severity severity = Severity::kMedium;
  double confidence = 0;  // 0..1
  std::string summary;    // one sentence for people
  std::vector<Evidence> evidence;
  std::string example;  // a stack trace or statement, quoted from telemetry: hostile text
  std::string cause;    // tells two causes of one kind in one operation apart; hostile text
  CodeLocation code;
  Instant found_at;
};

// A number that says where it came from.
struct Figure {
  double value = 0;
  Origin origin = Origin::kEstimated;
};

struct Opportunity {
  OpportunityId id;
  InsightId insight;
  CycleId cycle;
  InsightKind kind = InsightKind::kLatencyDegradation;
  TenantId tenant;
  ComponentId component;
  std::string operation;
  Reach reach = Reach::kTenant;
  std::string requirement;  // what the change must achieve, in one sentence
  Severity severity = Severity::kMedium;
  Risk risk = Risk::kMedium;
  double confidence = 0;
  Figure gain_pct, affected_users_per_hour, frequency_per_day;
  double score = 0;
  Level level = Level::kLow;
  std::vector<Evidence> evidence;
  std::string example;
  CodeLocation code;
  Instant found_at;
};

}  // namespace ratchet
