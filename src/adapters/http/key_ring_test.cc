#include "adapters/http/key_ring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/base/hash.h"

namespace ratchet::http {
namespace {

TEST(KeyRingTest, KeysAreFoundByHashAndKeptPrivate) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "ratchet-keys-test.json").string();
  std::filesystem::remove(path);
  auto ring = *KeyRing::Load(path);
  ASSERT_TRUE(ring.Add({.name = "ci",
                        .role = Role::kOperator,
                        .tenants = {TenantId("a")},
                        .sha256 = Sha256Hex("secret")}));
  EXPECT_FALSE(ring.Add({.name = "ci", .sha256 = Sha256Hex("other")}));
  const auto again = *KeyRing::Load(path);
  const auto found = again.Find("secret");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "key:ci");
  EXPECT_TRUE(found->tenants.Allows(TenantId("a")));
  EXPECT_FALSE(found->tenants.Allows(TenantId("b")));
  EXPECT_FALSE(again.Find("guess"));
  EXPECT_FALSE(again.Find(""));
  struct stat info{};
  stat(path.c_str(), &info);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace ratchet::http
