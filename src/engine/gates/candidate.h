#pragma once
// A change on trial. What several gates ask of it (facts, changed lines, test runs) is worked out
// once. For one thread; lives as long as one validation.

#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "core/model/component.h"
#include "ports/language_support.h"
#include "ports/sandbox.h"
#include "ports/source_tree.h"

namespace ratchet::gates {

// Test runs of unchanged components that passed, by tree: they are run once. Thread-safe.
class KnownTestRuns {
 public:
  std::optional<TestRun> Find(const ComponentConfig& component, const ComponentTree& tree);
  void Keep(const ComponentConfig& component, const ComponentTree& tree, const TestRun& run);

 private:
  std::mutex mutex_;
  std::map<std::string, TestRun> runs_;
};

struct Trial {
  const ComponentConfig& component;
  const ComponentTree& tree;
  const Change& change;
  const LanguageSupport& language;
};

// Where code runs.
struct Laboratory {
  Sandbox& sandbox;
  const SandboxLimits& limits;
  KnownTestRuns& known_runs;
};

class Candidate {
 public:
  Candidate(const Trial& trial, const Laboratory& laboratory)
      : trial_(trial), laboratory_(laboratory) {}

  [[nodiscard]] const ComponentConfig& component() const { return trial_.component; }
  [[nodiscard]] const ComponentTree& tree() const { return trial_.tree; }
  [[nodiscard]] const Change& change() const { return trial_.change; }
  [[nodiscard]] const LanguageSupport& language() const { return trial_.language; }

  // Of a file of the change.
  const FileFacts& FactsBefore(const FileChange& file);
  const FileFacts& FactsAfter(const FileChange& file);
  const std::set<int>& ChangedLines(const FileChange& file);  // of the new text

  // Runs `job` on a copy of the component with `files` written over it, for as long as the limits
  // or `wall` allow.
  Result<SandboxRun> Run(SandboxJob job, std::vector<SandboxFile> files,
                         std::optional<Duration> wall = std::nullopt);
  [[nodiscard]] std::vector<SandboxFile> FilesAfter() const;
  const Result<TestRun>& TestsBefore();
  const Result<TestRun>& TestsAfter();
  // Else the sandbox itself could not work, which says nothing of the change.
  [[nodiscard]] bool sandbox_worked() const { return sandbox_worked_; }

 private:
  Result<TestRun> RunTests(std::vector<SandboxFile> files);
  Result<TestRun> RunTestsBefore();

  Trial trial_;
  Laboratory laboratory_;
  std::map<std::string, FileFacts> before_, after_;  // by path
  std::map<std::string, std::set<int>> changed_lines_;
  std::optional<Result<TestRun>> tests_before_, tests_after_;
  bool sandbox_worked_ = true;
};

}  // namespace ratchet::gates
