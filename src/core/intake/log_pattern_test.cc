#include "core/intake/log_pattern.h"

#include <gtest/gtest.h>

namespace ratchet::intake {
namespace {

TEST(LogPatternTest, VariablePartsAreMasked) {
  EXPECT_EQ(MaskVariables("user 17 has no record"), "user <*> has no record");
  EXPECT_EQ(MaskVariables("user 98765 has no record"), "user <*> has no record");
  EXPECT_EQ(MaskVariables("key 'title' is missing"), "key <*> is missing");
  EXPECT_EQ(MaskVariables("can't open /var/lib/a.db: 13"), "can't open <*>: <*>");
  EXPECT_EQ(MaskVariables("id 7f3a-12bc at 10.0.0.1:8080."), "id <*> at <*>.");
  EXPECT_EQ(MaskVariables("started"), "started");
  EXPECT_NE(MaskVariables("worker started"), MaskVariables("worker paused"));
}

TEST(LogPatternTest, StatementsKeepTheirShape) {
  EXPECT_EQ(StatementShape("SELECT name\n FROM t WHERE id = 42 AND x IN (1, 2, 3)"),
            "SELECT name FROM t WHERE id = ? AND x IN (?)");
  EXPECT_EQ(StatementShape("SELECT a1 FROM t WHERE n = 'o''k'"),
            StatementShape("SELECT a1 FROM t WHERE n = 'no''t'"));
}

}  // namespace
}  // namespace ratchet::intake
