#include "adapters/openai/openai_generator.h"

#include <gtest/gtest.h>

#include <deque>

namespace ratchet {
namespace {

class ScriptedHttp : public HttpClient {
 public:
  Result<HttpAnswer> Send(const HttpRequest& request) override {
    requests.push_back(request);
    auto answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }
  std::deque<Result<HttpAnswer>> answers;
  std::vector<HttpRequest> requests;
};

class SettableClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return now; }
  Instant now = FromMillis(1'000'000);
};

class OpenAiGeneratorTest : public ::testing::Test {
 protected:
  static HttpAnswer Good() {
    return {
        .status = 200,
        .body =
            R"({"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100}})"};
  }
  ScriptedHttp http_;
  SettableClock clock_;
  std::vector<Duration> slept_;
  OpenAiGenerator model_{{.base_url = "http://m/v1",
                          .model = "m",
                          .api_key = "k",
                          .usd_per_million_in = 1,
                          .usd_per_million_out = 10},
                         http_,
                         clock_,
                         [this](Duration d) { slept_.push_back(d); }};
};

TEST_F(OpenAiGeneratorTest, AReplyCarriesTextReasonTokensAndCost) {
  http_.answers = {Good()};
  const auto reply = model_.Complete({.system = "s", .user = "u"});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text, "hello");
  EXPECT_EQ(reply->stop_reason, "stop");
  EXPECT_NEAR(reply->cost_usd, 0.002, 1e-9);
  EXPECT_EQ(http_.requests[0].url, "http://m/v1/chat/completions");
  EXPECT_EQ(http_.requests[0].headers.at("Authorization"), "Bearer k");
}

TEST_F(OpenAiGeneratorTest, PassingFaultsAreRetriedWithBackoff) {
  http_.answers = {HttpAnswer{.status = 503},
                   HttpAnswer{.status = 429, .headers = {{"retry-after", "7"}}}, Good()};
  EXPECT_TRUE(model_.Complete({.user = "u"}));
  EXPECT_EQ(slept_, (std::vector<Duration>{Duration(2000), Duration(7000)}));
}

TEST_F(OpenAiGeneratorTest, TheKillSwitchHoldsTheNextTry) {
  http_.answers = {HttpAnswer{.status = 503}, Good()};
  const auto reply = model_.Complete({.user = "u", .hold = [] { return true; }});
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().message.find("stopped before another try"), std::string::npos);
  EXPECT_EQ(slept_.size(), 1U);
}

TEST_F(OpenAiGeneratorTest, FinalErrorsAreNotRetried) {
  http_.answers = {HttpAnswer{.status = 401}};
  EXPECT_EQ(model_.Complete({.user = "u"}).error().code, ErrorCode::kPermissionDenied);
  http_.answers = {HttpAnswer{.status = 429, .body = "insufficient_quota"}};
  EXPECT_EQ(model_.Complete({.user = "u"}).error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(http_.requests.size(), 2U);
}

TEST_F(OpenAiGeneratorTest, TheBreakerOpensAndClosesAgain) {
  http_.answers = {Fail(ErrorCode::kUnavailable, "down")};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(model_.Complete({.user = "u"}));
  const size_t asked = http_.requests.size();
  EXPECT_FALSE(model_.Complete({.user = "u"}));
  EXPECT_EQ(http_.requests.size(), asked);
  clock_.now += Duration(61'000);
  http_.answers = {Good()};
  EXPECT_TRUE(model_.Complete({.user = "u"}));
}

TEST_F(OpenAiGeneratorTest, ATimeoutMayHaveBeenBilled) {
  http_.answers = {Fail(ErrorCode::kTimeout, "slow"), Good()};
  const auto reply = model_.Complete({.user = "u", .max_tokens = 4000});
  ASSERT_TRUE(reply);
  EXPECT_GT(reply->cost_usd, 0.04);
  EXPECT_LE(reply->cost_usd, model_.CostBound(1000, 4000));
}

TEST_F(OpenAiGeneratorTest, ASilentlyCutPromptIsAnError) {
  http_.answers = {Good()};
  EXPECT_FALSE(model_.Complete({.user = std::string(100'000, 'x')}));
}

}  // namespace
}  // namespace ratchet
