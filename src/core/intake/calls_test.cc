#include "core/intake/calls.h"

#include <gtest/gtest.h>

namespace ratchet::intake {
namespace {

const Instant kNow = FromMillis(1'700'000'040'000);

SpanRecord Span(const std::string& trace, const std::string& identity = "") {
  return {.tenant = TenantId("a"),
          .component = ComponentId("shop"),
          .operation = "rank",
          .trace_id = trace,
          .parent_id = trace + "e",
          .name = "rank",
          .start = kNow - Duration(1000),
          .identity = identity};
}

TEST(CallsTest, ACallWaitsForItsRequestAMinuteAtMost) {
  Calls calls;
  const SpanRecord call = Span("t1");
  EXPECT_TRUE(calls.Take({&call}, kNow).empty());
  SpanRecord request = Span("t1");
  request.operation = "search";
  calls.NoteRequest(request);
  const auto ready = calls.Take({}, kNow);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].span.operation, "search");
  EXPECT_TRUE(ready[0].waited);
  const SpanRecord lost = Span("t2");
  EXPECT_TRUE(calls.Take({&lost}, kNow).empty());
  const auto given_up = calls.Take({}, kNow + Duration(60'000));
  ASSERT_EQ(given_up.size(), 1U);
  EXPECT_EQ(given_up[0].span.operation, "rank");
}

TEST(CallsTest, RepeatsAreOfOneShapeAndIdentity) {
  Calls calls;
  SpanRecord first = Span("t1", "x"), again = Span("t2", "x"), other = Span("t2", "y");
  SpanRecord elsewhere = Span("t2", "x");
  elsewhere.component = ComponentId("mail");
  for (SpanRecord* span : {&first, &again, &other, &elsewhere}) span->operation_known = true;
  const auto ready = calls.Take({&first, &again, &other, &elsewhere}, kNow);
  ASSERT_EQ(ready.size(), 4U);
  EXPECT_FALSE(ready[0].repeat);
  EXPECT_TRUE(ready[1].repeat);
  EXPECT_FALSE(ready[2].repeat);
  EXPECT_FALSE(ready[3].repeat);
  EXPECT_TRUE(ready[1].first);
  EXPECT_FALSE(ready[2].first);  // the second of its shape in the request
  EXPECT_TRUE(ready[3].first);
}

TEST(CallsTest, WhatIsUndoneWasNeverTaken) {
  Calls calls;
  const SpanRecord waits = Span("t1");
  calls.Take({&waits}, kNow);
  SpanRecord known = Span("t2", "x");
  known.operation_known = true;
  calls.Begin();
  calls.NoteRequest(Span("t1"));
  EXPECT_EQ(calls.Take({&known}, kNow).size(), 2U);
  calls.Undo();
  const auto ready = calls.Take({&known}, kNow);
  ASSERT_EQ(ready.size(), 2U);  // the one that waited, too
  EXPECT_FALSE(ready[1].repeat);
  EXPECT_TRUE(ready[1].first);
}

}  // namespace
}  // namespace ratchet::intake
