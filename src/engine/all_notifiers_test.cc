#include "engine/all_notifiers.h"

#include <gtest/gtest.h>

namespace ratchet {
namespace {

class CountingNotifier : public Notifier {
 public:
  CountingNotifier(int& sent, Status answer) : sent_(sent), answer_(std::move(answer)) {}
  Status Send(const Alert&) override {
    ++sent_;
    return answer_;
  }

 private:
  int& sent_;
  Status answer_;
};

TEST(AllNotifiersTest, OneThatFailsKeepsNoOtherFromTelling) {
  int first = 0, second = 0, third = 0;
  std::vector<std::unique_ptr<Notifier>> all;
  all.push_back(std::make_unique<CountingNotifier>(first, Status()));
  all.push_back(std::make_unique<CountingNotifier>(second, Fail(ErrorCode::kUnavailable, "down")));
  all.push_back(std::make_unique<CountingNotifier>(third, Fail(ErrorCode::kTimeout, "slow")));
  AllNotifiers notifiers(std::move(all));
  const Status told = notifiers.Send({.title = "t"});
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().message, "down");
  EXPECT_EQ(first + second + third, 3);
}

TEST(AllNotifiersTest, ToldByAllIsTold) {
  int sent = 0;
  std::vector<std::unique_ptr<Notifier>> all;
  all.push_back(std::make_unique<CountingNotifier>(sent, Status()));
  EXPECT_TRUE(AllNotifiers(std::move(all)).Send({.title = "t"}));
}

}  // namespace
}  // namespace ratchet
