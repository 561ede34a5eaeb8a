#include "core/intake/fair_share.h"

#include <gtest/gtest.h>

namespace ratchet::intake {
namespace {

// Adds rows while there is room for them, and says how many fitted.
size_t Fill(FairShare& share, const std::string& tenant, const std::string& component) {
  size_t rows = 0;
  while (rows < 1'000 && share.Room(TenantId(tenant), ComponentId(component))) {
    share.Add(TenantId(tenant), ComponentId(component));
    ++rows;
  }
  return rows;
}

TEST(FairShareTest, WhatIsNotConfiguredGetsHalfAndATenantOfItATenth) {
  FairShare share("series", 100, {{ComponentId("shop"), {TenantId("a")}}});
  EXPECT_EQ(Fill(share, "evil", "nobody"), 10U);
  EXPECT_EQ(Fill(share, "evil", "shop"), 0U);  // the component's name, another tenant
  for (int i = 0; i < 10; ++i) Fill(share, "t" + std::to_string(i), "nobody");
  EXPECT_EQ(Fill(share, "more", "nobody"), 0U);
  EXPECT_EQ(Fill(share, "a", "shop"), 50U);
  share.Clear();
  EXPECT_EQ(Fill(share, "a", "shop"), 100U);
}

TEST(FairShareTest, WithoutTenantsAComponentBelongsToAll) {
  FairShare share("series", 100, {{ComponentId("shop"), {}}});
  EXPECT_EQ(Fill(share, "a", "shop"), 100U);
}

TEST(FairShareTest, WithoutConfiguredComponentsThereIsNoPriority) {
  FairShare share("series", 100, {});
  EXPECT_EQ(Fill(share, "a", "shop"), 100U);
  EXPECT_FALSE(share.Room(TenantId("b"), ComponentId("shop")));
}

}  // namespace
}  // namespace ratchet::intake
