#include <gtest/gtest.h>
#include <zlib.h>

#include "adapters/otlp/gzip.h"
#include "adapters/otlp/otlp_receiver.h"

namespace ratchet::otlp {
namespace {

class FixedClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return FromMillis(1'700'000'000'000); }
};

class BatchKeeper : public TelemetryStore {
 public:
  Result<WriteReport> Write(const TelemetryBatch& batch) override {
    if (full) return Fail(ErrorCode::kResourceExhausted, "full");
    last = batch;
    return WriteReport{.dropped = dropped, .drop_reason = "too \"many\""};
  }
  Result<std::vector<Point>> Points(const TelemetryQuery&) override { return std::vector<Point>{}; }
  Status VisitPoints(const TelemetryQuery&, const std::function<void(const Point&)>&) override {
    return {};
  }
  Result<std::vector<ErrorCluster>> ErrorClusters(const TelemetryQuery&) override {
    return std::vector<ErrorCluster>{};
  }
  Result<std::vector<CallShape>> CallShapes(const TelemetryQuery&) override {
    return std::vector<CallShape>{};
  }
  Result<std::vector<Event>> Events(const TelemetryQuery&) override { return std::vector<Event>{}; }
  Result<TelemetryCounts> Counts(const TelemetryQuery&) override { return TelemetryCounts{}; }
  Result<std::uint64_t> Expire(Instant) override { return std::uint64_t{0}; }
  [[nodiscard]] Duration resolution() const override { return Duration(60'000); }
  bool full = false;
  TelemetryBatch last;
  std::uint64_t dropped = 0;
};

std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class OtlpTest : public ::testing::Test {
 protected:
  OtlpAnswer Post(const std::string& path, const std::string& body,
                  const std::string& encoding = "") {
    return receiver_.Receive(path, "application/json", encoding, body);
  }
  FixedClock clock_;
  BatchKeeper store_;
  OtlpReceiver receiver_{{}, clock_, store_};
};

const char* const kTraces =
    R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
 "scopeSpans":[{"spans":[
  {"traceId":"0af7","spanId":"01","name":"GET /x","kind":2,"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000025000000",
   "attributes":[{"key":"tenant_id","value":{"stringValue":"acme"}},{"key":"http.route","value":{"stringValue":"/x"}},
                 {"key":"http.response.status_code","value":{"intValue":"500"}}],
   "events":[{"name":"exception","timeUnixNano":1700000000001000000,"attributes":[{"key":"exception.type","value":{"stringValue":"KeyError"}}]}]},
  {"traceId":"0af7","spanId":"02","parentSpanId":"01","name":"rank","kind":1,"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000010000000",
   "attributes":[{"key":"code.function","value":{"stringValue":"rank"}},{"key":"code.lineno","value":{"intValue":7}}]}]}]}]})";

TEST_F(OtlpTest, SpansAreKeyedAndTheirExceptionsBecomeLogs) {
  EXPECT_EQ(Post("/v1/traces", kTraces).status, 200);
  ASSERT_EQ(store_.last.spans.size(), 2U);
  const SpanRecord& entry = store_.last.spans[0];
  EXPECT_EQ(entry.tenant.value, "acme");
  EXPECT_EQ(entry.component.value, "shop");
  EXPECT_EQ(entry.operation, "/x");
  EXPECT_TRUE(entry.entry);
  EXPECT_TRUE(entry.failed);
  EXPECT_NEAR(entry.duration_ms, 25, 1e-9);
  EXPECT_EQ(store_.last.spans[1].code.line, 7);
  EXPECT_FALSE(store_.last.spans[1].entry);
  EXPECT_FALSE(store_.last.spans[1].identity.empty());
  EXPECT_EQ(store_.last.logs.at(0).exception_type, "KeyError");
}

TEST_F(OtlpTest, GzipIsReadAndABombIsRefused) {
  EXPECT_EQ(Post("/v1/traces", Gzip(kTraces), "gzip").status, 200);
  EXPECT_EQ(store_.last.spans.size(), 2U);
  EXPECT_EQ(Post("/v1/traces", Gzip(std::string(80U << 20, ' ')), "gzip").status, 413);
  EXPECT_EQ(Post("/v1/traces", "no gzip", "gzip").status, 400);
  EXPECT_EQ(Post("/v1/traces", Gzip(kTraces).substr(0, 100), "gzip").status, 400);
}

TEST_F(OtlpTest, HostileBodiesAreRefusedWithTheReason) {
  for (const char* body :
       {"", "{", "[]", "{\"resourceSpans\":{}}", "{\"resourceSpans\":[1]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"x\"}]}]}]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"a\",\"spanId\":\"b\","
        "\"startTimeUnixNano\":\"soon\"}]}]}]}"}) {
    const auto answer = Post("/v1/traces", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_NE(answer.body.find("message"), std::string::npos);
  }
  EXPECT_EQ(Post("/v1/traces", "{\"unknown\":1}").status, 200);
  EXPECT_EQ(Post("/v1/other", "{}").status, 404);
  EXPECT_EQ(receiver_.Receive("/v1/logs", "application/x-protobuf", "", "x").status, 415);
  EXPECT_EQ(Post("/v1/traces", std::string(100'000, '[')).status, 400);
}

TEST_F(OtlpTest, CumulativeCountersBecomeDifferencesAndResetsStartAgain) {
  const auto body = [](int value, const char* start) {
    return std::string(
               R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"cache.hits","sum":{"aggregationTemporality":2,"isMonotonic":true,
      "dataPoints":[{"timeUnixNano":"1700000000000000000","startTimeUnixNano":")") +
           start + R"(","asInt":")" + std::to_string(value) + "\"}]}}]}]}]}";
  };
  Post("/v1/metrics", body(100, "1"));
  EXPECT_TRUE(store_.last.samples.empty());
  Post("/v1/metrics", body(130, "1"));
  EXPECT_EQ(store_.last.samples.at(0).values.sum, 30);
  Post("/v1/metrics", body(5, "2"));
  EXPECT_EQ(store_.last.samples.at(0).values.sum, 5);
}

TEST_F(OtlpTest, WhatWasRefusedCountsWhenItComesAgain) {
  const std::string start = std::to_string(ToMillis(clock_.Now()) + 1) + "000000";
  const auto post = [&](int value) {
    return Post(
               "/v1/metrics",
               R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"jobs","sum":{"aggregationTemporality":2,"isMonotonic":true,
      "dataPoints":[{"timeUnixNano":"1700000000000000000","startTimeUnixNano":")" +
                   start + R"(","asInt":")" + std::to_string(value) + "\"}]}}]}]}]}")
        .status;
  };
  store_.full = true;
  EXPECT_EQ(post(12), 503);
  store_.full = false;
  EXPECT_EQ(post(12), 200);
  EXPECT_EQ(store_.last.samples.at(0).values.sum, 12);
  store_.full = true;
  EXPECT_EQ(post(20), 503);
  store_.full = false;
  EXPECT_EQ(post(21), 200);
  EXPECT_EQ(store_.last.samples.at(0).values.sum, 9);
}

// A short-lived process exports once.
TEST_F(OtlpTest, AStreamThatBeganWhileWeListenedCountsFromItsFirstPoint) {
  const std::string start = std::to_string(ToMillis(clock_.Now()) + 1) + "000000";
  Post(
      "/v1/metrics",
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"jobs","sum":{"aggregationTemporality":2,"isMonotonic":true,
      "dataPoints":[{"timeUnixNano":"1700000000000000000","startTimeUnixNano":")" +
          start + R"(","asInt":"12"}]}}]}]}]})");
  ASSERT_EQ(store_.last.samples.size(), 1U);
  EXPECT_EQ(store_.last.samples[0].values.sum, 12);
}

TEST_F(OtlpTest, HistogramsBecomeLatenciesInMilliseconds) {
  Post(
      "/v1/metrics",
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"http.server.request.duration","unit":"s","histogram":{
    "aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"1700000000000000000","count":"4","sum":0.2,"bucketCounts":["0","3","1"],
    "explicitBounds":[0.01,0.1],"max":0.12,"attributes":[{"key":"http.route","value":{"stringValue":"/x"}}]}]}}]}]}]})");
  const Sample& sample = store_.last.samples.at(0);
  EXPECT_EQ(sample.series.metric, kRequestLatency);
  EXPECT_EQ(sample.values.count, 4U);
  EXPECT_NEAR(sample.values.sum, 200, 1e-9);
  EXPECT_NEAR(sample.values.sketch.Quantile(0.5), 55, 1.2);
  EXPECT_NEAR(sample.values.max, 120, 1e-9);
}

TEST_F(OtlpTest, WhatWasDroppedIsSaid) {
  store_.dropped = 3;
  EXPECT_EQ(Post("/v1/traces", kTraces).body,
            R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too \"many\""}})");
}

}  // namespace
}  // namespace ratchet::otlp
