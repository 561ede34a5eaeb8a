#include <gtest/gtest.h>
#include <zlib.h>

#include "adapters/otlp/gzip.h"
#include "adapters/otlp/otlp_json.h"
#include "adapters/otlp/otlp_receiver.h"

namespace ratchet::otlp {
namespace {

class FixedClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return FromMillis(1'700'000'000'000); }
};

class BatchKeeper : public TelemetrySink {
 public:
  Result<WriteReport> Write(const TelemetryBatch& batch) override {
    if (full) return Fail(ErrorCode::kResourceExhausted, "full");
    last = batch;
    return WriteReport{.dropped = dropped, .drop_reason = "too \"many\""};
  }
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
  {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"GET /x","kind":2,"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000025000000",
   "attributes":[{"key":"tenant_id","value":{"stringValue":"acme"}},{"key":"http.route","value":{"stringValue":"/x"}},
                 {"key":"http.response.status_code","value":{"intValue":"500"}}],
   "events":[{"name":"exception","timeUnixNano":1700000000001000000,"attributes":[{"key":"exception.type","value":{"stringValue":"KeyError"}}]}]},
  {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203332","parentSpanId":"b7ad6b7169203331","name":"rank","kind":1,"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000010000000",
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

TEST_F(OtlpTest, AllMembersOfAGzipBodyAreReadAndNothingElse) {
  const std::string text = kTraces;
  const std::string halves = Gzip(text.substr(0, 100)) + Gzip("") + Gzip(text.substr(100));
  EXPECT_EQ(Post("/v1/traces", halves, "GZIP").status, 200);
  EXPECT_EQ(store_.last.spans.size(), 2U);
  EXPECT_EQ(Post("/v1/traces", halves + "garbage", "gzip").status, 400);
  EXPECT_EQ(Post("/v1/traces", halves + std::string(20, '\0'), "gzip").status, 400);
  EXPECT_EQ(Post("/v1/traces", halves.substr(0, halves.size() - 4), "gzip").status, 400);
  const std::string much = Gzip(std::string(40U << 20, ' '));
  EXPECT_EQ(Post("/v1/traces", much + much, "gzip").status, 413);
}

TEST_F(OtlpTest, ContentTypesAreComparedByMediaTypeAndCharset) {
  const auto status = [&](const char* type) {
    return receiver_.Receive("/v1/traces", type, "", kTraces).status;
  };
  for (const char* type :
       {"application/json", "APPLICATION/JSON", "application/json; charset=UTF-8",
        "application/json;charset=\"utf-8\"", " application/json ; x=y"})
    EXPECT_EQ(status(type), 200) << type;
  for (const char* type : {"application/jsonx", "application/json;charset=utf-16", "",
                           "application/json, text/plain", "text/plain"})
    EXPECT_EQ(status(type), 415) << type;
}

TEST_F(OtlpTest, BrokenJsonAndAWrongTopLevelAreRefusedWithTheReason) {
  for (const char* body : {"", "{", "[]", R"({"resourceSpans":{}})", R"({"resourceSpans":[1]})"}) {
    const auto answer = Post("/v1/traces", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_TRUE(answer.body.starts_with(R"({"code":3,"message":")")) << answer.body;
  }
  EXPECT_EQ(Post("/v1/traces", "{\"unknown\":1}").body, "{}");
  EXPECT_TRUE(Post("/v1/other", "{}").body.starts_with(R"({"code":5,)"));
  EXPECT_EQ(receiver_.Receive("/v1/logs", "application/x-protobuf", "", "x").status, 415);
  EXPECT_EQ(Post("/v1/traces", std::string(100'000, '[')).status, 400);
}

std::string Repeated(const std::string& item, size_t times) {
  std::string list = item;
  list.reserve((item.size() + 1) * times);
  for (size_t i = 1; i < times; ++i) list.append(",").append(item);
  return "[" + list + "]";
}

TEST_F(OtlpTest, ARequestHoldsALimitedNumberOfObjects) {
  for (const std::string& spans :
       {Repeated("{}", kValuesMax), Repeated("{}", kGroupsMax + 1),
        R"([{"scopeSpans":)" + Repeated("{}", kGroupsMax) + "}]",
        R"([{"scopeSpans":[{"spans":)" + Repeated("{}", kRecordsMax + 1) + "}]}]"}) {
    const auto answer = Post("/v1/traces", Gzip("{\"resourceSpans\":" + spans + "}"), "gzip");
    EXPECT_EQ(answer.status, 413) << spans.substr(0, 50);
    EXPECT_TRUE(answer.body.starts_with(R"({"code":8,"message":"the body holds more than)"));
  }
  EXPECT_EQ(Post("/v1/traces", "{\"resourceSpans\":" + Repeated("{}", kGroupsMax) + "}").body,
            "{}");
}

// Two good spans, and one in their batch with a member that `change` makes another.
TEST_F(OtlpTest, ASpanThatIsNoneIsRejectedAlone) {
  const std::string good =
      R"({"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"x",
      "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000025000000"})";
  const std::pair<const char*, const char*> changes[] = {
      {R"("name":"x")", R"("name":5)"},
      {R"("name":"x")", R"("name":"x","events":5)"},
      {R"("name":"x")", R"("name":"x","attributes":[5])"},
      {R"("name":"x")", R"("name":"x","kind":5000000000)"},
      {"0af7651916cd43dd8448eb211c80319c", ""},
      {"0af7651916cd43dd8448eb211c80319c", "0af7"},
      {"0af7651916cd43dd8448eb211c80319c", "00000000000000000000000000000000"},
      {"0af7651916cd43dd8448eb211c80319c", "CvdlGRbNQ92ESOshHIAxnCvdlGRbNQ9="},
      {"b7ad6b7169203331", "0000000000000000"},
      {R"("1700000000000000000")", R"("soon")"},
      {R"("1700000000000000000")", R"("-9223372036854775808")"},
      {R"("1700000000025000000")", R"("1600000000000000000")"},
      {R"("1700000000025000000")", R"("18446744073709551615")"},
      {R"("endTimeUnixNano")", R"("other")"},
  };
  for (const auto& [from, to] : changes) {
    std::string bad = good;
    bad.replace(bad.find(from), std::string_view(from).size(), to);
    const auto answer = Post("/v1/traces", R"({"resourceSpans":[{"scopeSpans":[{"spans":[)" + good +
                                               "," + bad + "," + good + "]}]}]}");
    EXPECT_EQ(answer.status, 200) << bad;
    EXPECT_TRUE(answer.body.starts_with(R"({"partialSuccess":{"rejectedSpans":"1",)")) << bad;
    EXPECT_EQ(answer.body.find(R"("errorMessage":"")"), std::string::npos) << bad;
    EXPECT_EQ(store_.last.spans.size(), 2U) << bad;
  }
  EXPECT_EQ(receiver_.Dropped().at("invalid"), std::size(changes));
}

TEST_F(OtlpTest, AllRecordsOfAResourceThatCannotBeReadAreRejected) {
  EXPECT_TRUE(
      Post("/v1/logs", R"({"resourceLogs":[{"resource":5,"scopeLogs":[{"logRecords":[{},{}]}]},
    {"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}},5,{"severityNumber":{}}]},5]}]})")
          .body.starts_with(R"({"partialSuccess":{"rejectedLogRecords":"5",)"));
  EXPECT_EQ(store_.last.logs.size(), 1U);
  EXPECT_TRUE(Post("/v1/metrics", R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[
    {"name":5,"gauge":{"dataPoints":[{},{},{}]}},{"name":"s","summary":{"dataPoints":[{}]}}]}]}]})")
                  .body.starts_with(R"({"partialSuccess":{"rejectedDataPoints":"4",)"));
}

TEST_F(OtlpTest, ExceptionsBeyondALimitAreAWarning) {
  const std::string traces = kTraces;
  const size_t at = traces.find(R"({"name":"exception")");
  const std::string event = traces.substr(at, traces.find("}}]}", at) + 4 - at);
  std::string many = traces;
  many.replace(at - 1, event.size() + 2, Repeated(event, 40));
  EXPECT_EQ(
      Post("/v1/traces", many).body,
      R"({"partialSuccess":{"rejectedSpans":"0","errorMessage":"8 exceptions beyond 32 in a span were dropped"}})");
  EXPECT_EQ(store_.last.logs.size(), 32U);
  EXPECT_EQ(receiver_.Dropped().at("exceptions"), 8U);
}

TEST_F(OtlpTest, HistogramsThatCannotBeTrueAreRejectedAlone) {
  const std::string good =
      R"({"timeUnixNano":"1700000000000000000","count":"6","sum":1.5,"min":0.05,"max":0.9,"bucketCounts":["1","2","3"],"explicitBounds":[0.1,0.5]})";
  const std::pair<const char*, const char*> changes[] = {
      {R"(["1","2","3"])", R"(["1","2","2","1"])"},
      {R"(["1","2","3"])", R"(["6"])"},
      {R"(["1","2","3"])", R"(["1","2","4"])"},
      {R"(["1","2","3"])", R"(["9223372036854775807","9223372036854775807","8"])"},
      {R"("count":"6")", R"("count":"600")"},
      {R"("count":"6")", R"("count":"0")"},
      {R"("count":"6")", R"("count":"-1")"},
      {R"("count":"6","sum":1.5,"min":0.05,"max":0.9,"bucketCounts":["1","2","3"],"explicitBounds":[0.1,0.5])",
       R"("count":"9223372036854775807","sum":1.5)"},
      {"[0.1,0.5]", "[0.5,0.1]"},
      {"[0.1,0.5]", "[0.1,0.1]"},
      {"[0.1,0.5]", R"(["NaN","NaN"])"},
      {"[0.1,0.5]", R"([0.1,"Infinity"])"},
      {"[0.1,0.5]", "[1e300,1e305]"},
      {"[0.1,0.5]", "[-5,-1]"},
      {R"("sum":1.5)", R"("sum":"NaN")"},
      {R"("sum":1.5)", R"("sum":1e308)"},
      {R"("sum":1.5)", R"("sum":-5)"},
      {R"("min":0.05)", R"("min":50)"},
  };
  const auto post = [&](const std::string& points, const char* temporality) {
    return Post(
               "/v1/metrics",
               R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"http.server.duration","histogram":{"aggregationTemporality":)" +
                   std::string(temporality) + R"(,"dataPoints":[)" + points + "]}}]}]}]}")
        .body;
  };
  for (const auto& [from, to] : changes) {
    std::string bad = good;
    bad.replace(bad.find(from), std::string_view(from).size(), to);
    EXPECT_TRUE(
        post(good + "," + bad, "1").starts_with(R"({"partialSuccess":{"rejectedDataPoints":"1",)"))
        << bad;
    EXPECT_EQ(store_.last.samples.size(), 1U) << bad;
  }
  EXPECT_EQ(post(good, "1"), "{}");
  EXPECT_EQ(post(R"({"timeUnixNano":"1","count":"3","sum":6})", "1"), "{}");
  EXPECT_EQ(post(R"({"flags":1})", "1"), "{}");
  for (const char* temporality : {"0", "99", "null"})
    EXPECT_NE(post(good, temporality).find("aggregationTemporality"), std::string::npos);
}

TEST_F(OtlpTest, NumbersThatAreNoneAreRejectedAlone) {
  const auto post = [&](const std::string& value) {
    return Post(
               "/v1/metrics",
               R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"asInt":"1"},{"timeUnixNano":"1")" +
                   value + "}]}}]}]}]}")
        .body;
  };
  for (const char* bad : {"", R"(,"asDouble":"NaN")", R"(,"asDouble":"-Infinity")",
                          R"(,"asDouble":"x")", R"(,"asInt":"18446744073709551615")"}) {
    EXPECT_NE(post(bad).find(R"("rejectedDataPoints":"1")"), std::string::npos) << bad;
    EXPECT_EQ(store_.last.samples.size(), 1U) << bad;
  }
  EXPECT_EQ(post(R"(,"flags":1)"), "{}");
  EXPECT_EQ(post(R"(,"asDouble":0.5)"), "{}");
}

TEST_F(OtlpTest, ExponentialHistogramsCountTheirNegativeAndZeroBuckets) {
  const auto post = [&](const char* count) {
    return Post(
               "/v1/metrics",
               R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"e","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"count":")" +
                   std::string(count) +
                   R"(","sum":3,"zeroCount":"1","positive":{"offset":2,"bucketCounts":["1","1"]},"negative":{"bucketCounts":["2"]}}]}}]}]}]})")
        .body;
  };
  EXPECT_EQ(post("5"), "{}");
  EXPECT_EQ(store_.last.samples.at(0).values.count, 5U);
  EXPECT_NE(post("3").find("add up"), std::string::npos);
}

TEST_F(OtlpTest, WhatCannotBeStoredNowMayBeSentAgain) {
  store_.full = true;
  const auto answer = Post("/v1/traces", kTraces);
  EXPECT_EQ(answer.status, 503);
  EXPECT_GT(answer.retry_after_s, 0);
  EXPECT_EQ(answer.body, R"({"code":14,"message":"full"})");
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

TEST(CumulativeStateTest, LargeHistogramsTakeTheRoomOfSeveralPoints) {
  intake::CumulativeState state(100, FromMillis(1'000));
  const auto known = [&](const std::string& series, size_t buckets) {
    intake::HistogramPoint point{.start = FromMillis(10)};  // before we listened
    point.bucket_counts.resize(buckets);
    return state.Difference(series, point);
  };
  EXPECT_FALSE(known("small", 10));
  EXPECT_TRUE(known("small", 10));
  for (const char* large : {"a", "b", "c", "d"}) EXPECT_FALSE(known(large, 1'000));
  EXPECT_FALSE(known("a", 1'000));
  EXPECT_FALSE(known("small", 10));
  state.Undo();
  EXPECT_FALSE(known("b", 1'000));
  EXPECT_TRUE(known("b", 1'000));
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
