#include "engine/authors/guarded_generator.h"

#include <gtest/gtest.h>

#include <deque>

namespace ratchet {
namespace {

class SettableClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return now; }
  Instant now = FromMillis(1'000'000);
};

// Gives its answers in order, the last one for ever; each takes its time.
class ScriptedProvider : public ModelProvider {
 public:
  explicit ScriptedProvider(SettableClock& clock) : clock_(clock) {}
  [[nodiscard]] std::string name() const override { return "scripted:m"; }
  ProviderAnswer Ask(const ModelPrompt&, Duration timeout) override {
    timeouts.push_back(timeout);
    clock_.now += std::min(takes, timeout);
    ProviderAnswer answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }
  std::deque<ProviderAnswer> answers;
  std::vector<Duration> timeouts;
  Duration takes{0};

 private:
  SettableClock& clock_;
};

ProviderReply Good() {
  return {.text = "hello", .stop_reason = "stop", .tokens_in = 1000, .tokens_out = 100};
}

ProviderAnswer Passing(Duration retry_after = Duration(0), Billed billed = Billed::kNo) {
  return std::unexpected(CallFailure{.error = {ErrorCode::kUnavailable, "overloaded"},
                                     .fault = CallFault::kPassing,
                                     .billed = billed,
                                     .retry_after = retry_after});
}

ProviderAnswer Final(ErrorCode code, Billed billed = Billed::kNo) {
  return std::unexpected(CallFailure{.error = {code, "no"}, .billed = billed});
}

class GuardedGeneratorTest : public ::testing::Test {
 protected:
  static ModelRequest Request() {
    return {.prompt = {.system = std::string(300, 's'), .user = std::string(2700, 'u')}};
  }
  size_t asked() const { return provider_.timeouts.size(); }

  SettableClock clock_;
  ScriptedProvider provider_{clock_};
  std::vector<Duration> slept_;
  GuardedGenerator model_{provider_,
                          {.prices = {.usd_per_million_in = 1, .usd_per_million_out = 10}},
                          clock_,
                          [this](Duration d) {
                            slept_.push_back(d);
                            clock_.now += d;
                          }};
};

TEST_F(GuardedGeneratorTest, AReplyCarriesTextStopReasonTokensAndCost) {
  provider_.answers = {Good()};
  const ModelAnswer answer = model_.Complete(Request());
  ASSERT_TRUE(answer.reply);
  EXPECT_EQ(answer.reply->text, "hello");
  EXPECT_EQ(answer.reply->stop, StopReason::kEnd);
  EXPECT_EQ(answer.tokens, 1100U);
  EXPECT_NEAR(answer.cost_usd, 0.002, 1e-9);
}

TEST_F(GuardedGeneratorTest, StopReasonsAreTyped) {
  for (const auto& [said, read] : std::vector<std::pair<std::string, StopReason>>{
           {"FinishReason.MAX_TOKENS", StopReason::kCutOff},
           {"content_filter", StopReason::kRefused},
           {"end_turn", StopReason::kEnd}}) {
    ProviderReply reply = Good();
    reply.stop_reason = said;
    provider_.answers = {reply};
    EXPECT_EQ(model_.Complete(Request()).reply->stop, read) << said;
  }
}

TEST_F(GuardedGeneratorTest, PassingFaultsAreTriedAgainWithBackoff) {
  provider_.answers = {Passing(), Passing(), Passing(), Good()};
  EXPECT_TRUE(model_.Complete(Request()).reply);
  EXPECT_EQ(slept_, (std::vector<Duration>{Duration(2000), Duration(4000), Duration(8000)}));
}

TEST_F(GuardedGeneratorTest, TheServersWishToWaitIsHonouredUpToALimit) {
  provider_.answers = {Passing(Duration(7000)), Passing(Duration(1)), Passing(Duration(600'000)),
                       Good()};
  EXPECT_TRUE(model_.Complete(Request()).reply);
  EXPECT_EQ(slept_, (std::vector<Duration>{Duration(7000), Duration(4000), Duration(30'000)}));
}

TEST_F(GuardedGeneratorTest, TriesEndAfterTheLastRetry) {
  provider_.answers = {Passing()};
  EXPECT_EQ(model_.Complete(Request()).reply.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(asked(), 4U);
}

TEST_F(GuardedGeneratorTest, FinalFaultsAreNotTriedAgain) {
  for (const ErrorCode code :
       {ErrorCode::kPermissionDenied, ErrorCode::kInvalidArgument, ErrorCode::kResourceExhausted}) {
    provider_.answers = {Final(code)};
    EXPECT_EQ(model_.Complete(Request()).reply.error().code, code);
  }
  EXPECT_EQ(asked(), 3U);
  EXPECT_TRUE(slept_.empty());
}

TEST_F(GuardedGeneratorTest, TheKillSwitchHoldsTheNextTry) {
  provider_.answers = {Passing(), Good()};
  ModelRequest request = Request();
  request.hold = [] { return true; };
  const ModelAnswer answer = model_.Complete(request);
  ASSERT_FALSE(answer.reply);
  EXPECT_NE(answer.reply.error().message.find("stopped before another try"), std::string::npos);
  EXPECT_EQ(asked(), 1U);
}

TEST_F(GuardedGeneratorTest, TheDeadlineEndsWaitsAndAttempts) {
  provider_.takes = Duration(50'000);
  provider_.answers = {Passing()};
  ModelRequest request = Request();
  request.within = Duration(60'000);
  const Instant began = clock_.now;
  EXPECT_EQ(model_.Complete(request).reply.error().code, ErrorCode::kTimeout);
  // 50 s, a wait of 2 s, and an attempt that gets what is left.
  EXPECT_EQ(provider_.timeouts, (std::vector<Duration>{Duration(60'000), Duration(8'000)}));
  EXPECT_EQ(clock_.now - began, Duration(60'000));
}

TEST_F(GuardedGeneratorTest, AnAttemptHasItsOwnTimeoutBelowTheDeadline) {
  provider_.answers = {Good()};
  EXPECT_TRUE(model_.Complete(Request()).reply);
  EXPECT_EQ(provider_.timeouts, (std::vector<Duration>{Duration(60'000)}));
}

TEST_F(GuardedGeneratorTest, FailedAttemptsThatMayHaveBeenBilledAreCounted) {
  provider_.answers = {Passing(Duration(0), Billed::kPerhaps), Good()};
  const ModelAnswer answer = model_.Complete(Request());
  ASSERT_TRUE(answer.reply);
  // 3,000 bytes count as 1,002 tokens, and 4,000 may have come out.
  EXPECT_NEAR(answer.cost_usd, 0.002 + 0.001'002 + 0.04, 1e-9);
  EXPECT_LE(answer.cost_usd, model_.CostBound(1002, 4000));
}

TEST_F(GuardedGeneratorTest, ACallThatFailsForGoodIsCountedToo) {
  provider_.answers = {Final(ErrorCode::kInvalidArgument, Billed::kPerhaps)};
  const ModelAnswer answer = model_.Complete(Request());
  EXPECT_FALSE(answer.reply);
  EXPECT_NEAR(answer.cost_usd, 0.041'002, 1e-9);
  provider_.answers = {Final(ErrorCode::kPermissionDenied)};
  EXPECT_EQ(model_.Complete(Request()).cost_usd, 0);
}

TEST_F(GuardedGeneratorTest, TheWorstCallStaysWithinItsBound) {
  provider_.answers = {Passing(Duration(0), Billed::kPerhaps)};
  const ModelAnswer answer = model_.Complete(Request());
  EXPECT_EQ(asked(), 4U);
  EXPECT_NEAR(answer.cost_usd, model_.CostBound(1002, 4000), 1e-9);
}

TEST_F(GuardedGeneratorTest, AfterThreeFailedCallsNobodyIsAsked) {
  provider_.answers = {Passing()};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(model_.Complete(Request()).reply);
  EXPECT_EQ(asked(), 12U);
  const ModelAnswer refused = model_.Complete(Request());
  EXPECT_EQ(refused.reply.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(refused.cost_usd, 0);
  EXPECT_EQ(asked(), 12U);
}

TEST_F(GuardedGeneratorTest, OneTrialClosesTheBreakerOrOpensItAgain) {
  provider_.answers = {Passing()};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(model_.Complete(Request()).reply);
  clock_.now += Duration(60'000);
  EXPECT_FALSE(model_.Complete(Request()).reply);  // the trial
  EXPECT_EQ(asked(), 16U);
  EXPECT_FALSE(model_.Complete(Request()).reply);  // open again after one failure
  EXPECT_EQ(asked(), 16U);
  clock_.now += Duration(60'000);
  provider_.answers = {Good()};
  EXPECT_TRUE(model_.Complete(Request()).reply);
  EXPECT_TRUE(model_.Complete(Request()).reply);
}

TEST(CircuitBreakerTest, HalfOpenAdmitsOneCaller) {
  using generation::CircuitBreaker;
  CircuitBreaker breaker(1, Duration(1000));
  const Instant start = FromMillis(0);
  EXPECT_EQ(breaker.Ask(start), CircuitBreaker::Answer::kCall);
  breaker.Failed(start);
  EXPECT_EQ(breaker.Ask(start + Duration(999)), CircuitBreaker::Answer::kRefused);
  EXPECT_EQ(breaker.Ask(start + Duration(1000)), CircuitBreaker::Answer::kCall);
  EXPECT_EQ(breaker.Ask(start + Duration(1000)), CircuitBreaker::Answer::kRefused);
  breaker.Succeeded();
  EXPECT_EQ(breaker.Ask(start + Duration(1000)), CircuitBreaker::Answer::kCall);
}

}  // namespace
}  // namespace ratchet
