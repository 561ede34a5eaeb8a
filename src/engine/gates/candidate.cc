#include "engine/gates/candidate.h"

#include "core/validation/line_diff.h"

namespace ratchet::gates {
namespace {

std::string KeyOf(const ComponentConfig& component, const ComponentTree& tree) {
  return component.id.value + " " + tree.hash;
}

}  // namespace

std::optional<TestRun> KnownTestRuns::Find(const ComponentConfig& component,
                                           const ComponentTree& tree) {
  const std::scoped_lock lock(mutex_);
  const auto at = runs_.find(KeyOf(component, tree));
  return at == runs_.end() ? std::nullopt : std::optional(at->second);
}

void KnownTestRuns::Keep(const ComponentConfig& component, const ComponentTree& tree,
                         const TestRun& run) {
  constexpr size_t kMost = 16;
  const std::scoped_lock lock(mutex_);
  if (runs_.size() > kMost) runs_.clear();
  runs_[KeyOf(component, tree)] = run;
}

const FileFacts& Candidate::FactsBefore(const FileChange& file) {
  const auto [at, first] = before_.try_emplace(file.path);
  if (first) at->second = trial_.language.Analyse(file.path, file.before.value_or(""));
  return at->second;
}

const FileFacts& Candidate::FactsAfter(const FileChange& file) {
  const auto [at, first] = after_.try_emplace(file.path);
  if (first) at->second = trial_.language.Analyse(file.path, file.after);
  return at->second;
}

const std::set<int>& Candidate::ChangedLines(const FileChange& file) {
  const auto [at, first] = changed_lines_.try_emplace(file.path);
  if (first) at->second = validation::ChangedLines(file.before.value_or(""), file.after);
  return at->second;
}

Result<SandboxRun> Candidate::Run(SandboxJob job, std::vector<SandboxFile> files,
                                  std::optional<Duration> wall) {
  job.copy_root = trial_.component.root;
  job.files = std::move(files);
  job.limits = laboratory_.limits;
  if (wall) job.limits.wall = *wall;
  auto run = laboratory_.sandbox.Run(job);
  if (!run && run.error().code == ErrorCode::kUnavailable) sandbox_worked_ = false;
  return run;
}

std::vector<SandboxFile> Candidate::FilesAfter() const {
  std::vector<SandboxFile> files;
  files.reserve(trial_.change.files.size());
  for (const FileChange& file : trial_.change.files) files.push_back({file.path, file.after});
  return files;
}

const Result<TestRun>& Candidate::TestsBefore() {
  if (!tests_before_) tests_before_ = RunTestsBefore();
  return *tests_before_;
}

const Result<TestRun>& Candidate::TestsAfter() {
  if (!tests_after_) tests_after_ = RunTests(FilesAfter());
  return *tests_after_;
}

Result<TestRun> Candidate::RunTests(std::vector<SandboxFile> files) {
  const ComponentConfig& component = trial_.component;
  const SandboxJob job = trial_.language.TestJob(component.interpreter, component.tests.command);
  TRY(const SandboxRun run, Run(job, std::move(files), component.tests.timeout));
  return trial_.language.ReadTestRun(run);
}

// A red run is not kept: it may be a flaky one.
Result<TestRun> Candidate::RunTestsBefore() {
  if (auto known = laboratory_.known_runs.Find(trial_.component, trial_.tree)) return *known;
  std::vector<SandboxFile> files;
  files.reserve(trial_.tree.files.size());
  for (const SourceFile& file : trial_.tree.files) files.push_back({file.path, file.text});
  TRY(TestRun run, RunTests(std::move(files)));
  if (run.passed) laboratory_.known_runs.Keep(trial_.component, trial_.tree, run);
  return run;
}

}  // namespace ratchet::gates
