// The component's own tests pass, with the change and without it, and no fewer of them run.

#include <fmt/format.h>

#include "core/base/text.h"
#include "engine/gates/gate_list.h"

namespace ratchet::gates {
namespace {

constexpr size_t kOutputShown = 1500;  // bytes of a failed test run that are kept

std::string TailOf(const std::string& text) {
  return text.size() <= kOutputShown ? text
                                     : "…" + ToValidUtf8(text.substr(text.size() - kOutputShown));
}

Judgement Because(ClaimOutcome outcome, const char* rule, std::string message) {
  return {.outcome = outcome, .findings = {{"", 0, rule, std::move(message)}}};
}

Judgement Judge(Candidate& candidate) {
  using enum ClaimOutcome;
  if (candidate.component().tests.command.empty())
    return Because(kNotProven, "no_tests", "the component has no tests configured");
  const Result<TestRun>& after = candidate.TestsAfter();
  const Result<TestRun>& before = candidate.TestsBefore();
  if (!after || !before)
    return Because(kNotProven, "sandbox", (after ? before.error() : after.error()).message);
  if (!before->passed) {
    return Because(kNotProven, "red_before",
                   "without the change, " + before->problem + ":\n" + TailOf(before->output));
  }
  if (!after->passed)
    return Because(kFailed, "tests", after->problem + ":\n" + TailOf(after->output));
  const int ran_before = before->count.value_or(-1), ran_after = after->count.value_or(0);
  if (ran_before == 0) return Because(kNotProven, "no_tests", "the test command runs no test");
  if (ran_after < ran_before) {
    return Because(
        kFailed, "fewer_tests",
        fmt::format("{} tests ran before the change and {} with it", ran_before, ran_after));
  }
  return {};
}

}  // namespace

const Gate kTests{"tests", Needs::kSandbox, Judge};

}  // namespace ratchet::gates
