#include "core/intake/roles.h"

#include <gtest/gtest.h>

namespace ratchet::intake {
namespace {

TEST(RolesTest, TheConventionsOfThreeWorldsAreKnown) {
  const struct {
    const char* metric;
    SeriesRole role;
  } cases[] = {
      {kSpanLatency, SeriesRole::kLatency},
      {kRequestLatency, SeriesRole::kLatency},
      {"http.server.request.duration", SeriesRole::kLatency},
      {"http_request_duration_seconds_bucket", SeriesRole::kLatency},
      {"TargetResponseTime", SeriesRole::kLatency},
      {"http_requests_total", SeriesRole::kRequests},
      {"RequestCount", SeriesRole::kRequests},
      {"Invocations", SeriesRole::kRequests},
      {"HTTPCode_Target_5XX_Count", SeriesRole::kErrors},
      {"rpc_errors_total", SeriesRole::kErrors},
      {"CPUUtilization", SeriesRole::kUtilisation},
      {"process.cpu.utilization", SeriesRole::kUtilisation},
      {"jvm.memory.usage", SeriesRole::kUtilisation},
      {"cache_hits_total", SeriesRole::kCacheHits},
      {"CacheMisses", SeriesRole::kCacheMisses},
      {"ApproximateNumberOfMessagesVisible", SeriesRole::kQueue},
      {"kafka.consumer.lag", SeriesRole::kQueue},
      {"queue_depth", SeriesRole::kQueue},
      {"orders.price", SeriesRole::kOther},
      {"...", SeriesRole::kOther},
      {"", SeriesRole::kOther},
  };
  for (const auto& [metric, role] : cases) EXPECT_EQ(RoleOf(metric), role) << metric;
}

}  // namespace
}  // namespace ratchet::intake
