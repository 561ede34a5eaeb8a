#include <gtest/gtest.h>

#include <deque>

#include "adapters/models/http_provider.h"
#include "adapters/models/provider_list.h"

namespace ratchet::models {
namespace {

class ScriptedHttp : public HttpClient {
 public:
  Result<HttpAnswer> Send(const HttpRequest& request) override {
    requests.push_back(request);
    return answer;
  }
  Result<HttpAnswer> answer;
  std::vector<HttpRequest> requests;
};

class OpenAiTest : public ::testing::Test {
 protected:
  static HttpAnswer Good() {
    return {
        .status = 200,
        .body =
            R"({"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100}})"};
  }
  CallFailure FailureOf(Result<HttpAnswer> answer) {
    http_.answer = std::move(answer);
    const ProviderAnswer said = model_.Ask({.user = "u"}, Duration(1000));
    return said ? CallFailure{} : said.error();
  }
  ScriptedHttp http_;
  HttpProvider model_{kOpenAi, {.base_url = "http://m/v1", .model = "m", .api_key = "k"}, http_};
};

TEST_F(OpenAiTest, AReplyCarriesTextReasonAndTokens) {
  http_.answer = Good();
  const auto reply = model_.Ask({.system = "s", .user = "u"}, Duration(7000));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text, "hello");
  EXPECT_EQ(reply->stop_reason, "stop");
  EXPECT_EQ(reply->tokens_in, 1000U);
  EXPECT_EQ(reply->tokens_out, 100U);
  EXPECT_EQ(model_.name(), "openai:m");
  EXPECT_EQ(http_.requests[0].url, "http://m/v1/chat/completions");
  EXPECT_EQ(http_.requests[0].headers.at("Authorization"), "Bearer k");
  EXPECT_EQ(http_.requests[0].timeout, Duration(7000));
}

TEST_F(OpenAiTest, PassingFaultsAreToldFromFinalOnes) {
  for (const int status : {408, 409, 429, 500, 503, 529})
    EXPECT_EQ(FailureOf(HttpAnswer{.status = status}).fault, CallFault::kPassing) << status;
  for (const int status : {400, 401, 403, 404, 413})
    EXPECT_EQ(FailureOf(HttpAnswer{.status = status}).fault, CallFault::kFinal) << status;
  EXPECT_EQ(FailureOf(HttpAnswer{.status = 401}).error.code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(FailureOf(Fail(ErrorCode::kUnavailable, "down")).fault, CallFault::kPassing);
}

TEST_F(OpenAiTest, ASpendLimitIsFinal) {
  const CallFailure failure = FailureOf(HttpAnswer{.status = 429, .body = "insufficient_quota"});
  EXPECT_EQ(failure.fault, CallFault::kFinal);
  EXPECT_EQ(failure.error.code, ErrorCode::kResourceExhausted);
}

TEST_F(OpenAiTest, TheServersWishToWaitIsHandedOn) {
  const HttpAnswer busy{.status = 429, .headers = {{"retry-after", "7"}}};
  EXPECT_EQ(FailureOf(busy).retry_after, Duration(7000));
}

TEST_F(OpenAiTest, WhatMayHaveBeenBilledSaysSo) {
  EXPECT_EQ(FailureOf(Fail(ErrorCode::kTimeout, "slow")).billed, Billed::kPerhaps);
  EXPECT_EQ(FailureOf(HttpAnswer{.status = 200, .body = "{}"}).billed, Billed::kPerhaps);
  EXPECT_EQ(FailureOf(HttpAnswer{.status = 503}).billed, Billed::kNo);
  EXPECT_EQ(FailureOf(Fail(ErrorCode::kInvalidArgument, "no URL")).billed, Billed::kNo);
}

TEST_F(OpenAiTest, ASilentlyCutPromptIsAnError) {
  http_.answer = Good();
  EXPECT_FALSE(model_.Ask({.user = std::string(100'000, 'x')}, Duration(1000)));
}

}  // namespace
}  // namespace ratchet::models
