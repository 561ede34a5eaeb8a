#include "core/intake/failures.h"

#include <gtest/gtest.h>

namespace ratchet::intake {
namespace {

const LogRecord kLog{.span_id = "s1",
                     .time = FromMillis(1'700'000'000'000),
                     .level = LogLevel::kError,
                     .message = "user 17 is missing",
                     .exception_type = "KeyError"};

TEST(FailuresTest, VariablePartsAreMaskedAndAMessageStandsInForAStackTrace) {
  const auto failure = Failures().Take(kLog);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->type, "KeyError");
  EXPECT_EQ(failure->pattern, "user <*> is missing");
  EXPECT_EQ(failure->example, "user 17 is missing");
}

TEST(FailuresTest, OnlyErrorsAreFailures) {
  LogRecord warning = kLog;
  warning.level = LogLevel::kWarning;
  EXPECT_FALSE(Failures().Take(warning));
}

TEST(FailuresTest, OneFailureToldTwiceCountsOnce) {
  Failures failures;
  LogRecord other_type = kLog, other_span = kLog, unknown_span = kLog;
  other_type.exception_type = "ValueError";
  other_span.span_id = "s2";
  unknown_span.span_id = "";
  EXPECT_TRUE(failures.Take(kLog));
  EXPECT_FALSE(failures.Take(kLog));
  EXPECT_TRUE(failures.Take(other_type));
  EXPECT_TRUE(failures.Take(other_span));
  EXPECT_TRUE(failures.Take(unknown_span));
  EXPECT_TRUE(failures.Take(unknown_span));
}

TEST(FailuresTest, WhatIsUndoneWasNeverTold) {
  Failures failures;
  failures.Begin();
  EXPECT_TRUE(failures.Take(kLog));
  failures.Undo();
  EXPECT_TRUE(failures.Take(kLog));
}

}  // namespace
}  // namespace ratchet::intake
