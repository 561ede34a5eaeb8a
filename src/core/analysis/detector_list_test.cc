#include "core/analysis/detector_list.h"

#include <gtest/gtest.h>

namespace ratchet::analysis {
namespace {

TEST(DetectorListTest, EveryKindHasItsOwnDetector) {
  for (const InsightTraits& traits : kInsightKinds) {
    const Detector& detector = DetectorOf(traits.kind);
    EXPECT_EQ(detector.kind, traits.kind) << traits.name;
    EXPECT_FALSE(detector.requirement(Insight{}).empty()) << traits.name;
  }
}

TEST(DetectorListTest, NothingIsFoundInNothing) {
  EXPECT_TRUE(Detect(AnalysisInput{}, DetectorPolicy{}).empty());
}

}  // namespace
}  // namespace ratchet::analysis
