// More than 80 % of the changed executable lines ran, and every unchanged line that ran before
// still runs. No test can have been added for the change: tests are protected files.

#include <fmt/format.h>

#include <algorithm>

#include "core/validation/line_diff.h"
#include "engine/gates/gate_list.h"

namespace ratchet::gates {
namespace {

constexpr double kLimit = 0.80;  // above

struct ChangedLineCount {
  int ran = 0, executable = 0;
  std::string missing;  // "a:3, b:7"

  [[nodiscard]] double share() const {
    return executable == 0 ? 1.0 : static_cast<double>(ran) / executable;
  }
};

const TestRun::FileCoverage* CoverageOf(const TestRun& run, const std::string& path) {
  const auto at = std::ranges::find(run.coverage, path, &TestRun::FileCoverage::path);
  return at == run.coverage.end() ? nullptr : &*at;
}

void Count(const FileChange& file, const TestRun::FileCoverage& now, const std::set<int>& changed,
           ChangedLineCount& count) {
  for (const int line : now.executed) {
    if (changed.contains(line)) ++count.ran, ++count.executable;
  }
  for (const int line : now.missing) {
    if (!changed.contains(line)) continue;
    ++count.executable;
    count.missing += fmt::format("{}{}:{}", count.missing.empty() ? "" : ", ", file.path, line);
  }
}

std::vector<Finding> LinesThatStopped(const FileChange& file, const TestRun::FileCoverage& old,
                                      const TestRun::FileCoverage& now) {
  std::vector<Finding> findings;
  const std::set<int> executed(now.executed.begin(), now.executed.end());
  const auto kept = validation::KeptLines(file.before.value_or(""), file.after);
  for (const int line : old.executed) {
    const auto same = kept.find(line);
    if (same != kept.end() && !executed.contains(same->second) &&
        std::ranges::find(now.missing, same->second) != now.missing.end()) {
      findings.push_back({file.path, same->second, "coverage_falls",
                          "this line ran before the change and does not any more"});
    }
  }
  return findings;
}

// The list's order puts the gate of the tests before this one: both runs are there and passed.
Judgement Judge(Candidate& candidate) {
  const Result<TestRun>&before = candidate.TestsBefore(), &after = candidate.TestsAfter();
  if (!before || !after) return {.outcome = ClaimOutcome::kNotProven};
  std::vector<Finding> findings;
  ChangedLineCount count;
  for (const FileChange& file : candidate.change().files) {
    const TestRun::FileCoverage* now = CoverageOf(*after, file.path);
    if (now == nullptr) {
      findings.push_back({file.path, 0, "coverage", "the tests never load this file"});
      continue;
    }
    Count(file, *now, candidate.ChangedLines(file), count);
    if (const TestRun::FileCoverage* old = CoverageOf(*before, file.path); old != nullptr)
      std::ranges::move(LinesThatStopped(file, *old, *now), std::back_inserter(findings));
  }
  if (count.share() <= kLimit) {
    findings.push_back(
        {"", 0, "coverage",
         fmt::format("{:.0f} % of {} changed lines ran; above {:.0f} % is needed; not run: {}",
                     count.share() * 100, count.executable, kLimit * 100, count.missing)});
  }
  Judgement judgement = PassedWithout(std::move(findings));
  judgement.evidence = {{std::string(kChangedLineCoverage), count.share(), "", "by the tests"}};
  return judgement;
}

}  // namespace

const Gate kCoverage{"coverage", Needs::kSandbox, Judge};

}  // namespace ratchet::gates
