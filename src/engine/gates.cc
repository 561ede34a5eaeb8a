#include "engine/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "core/base/text.h"
#include "core/validation/line_diff.h"
#include "core/validation/score.h"
#include "core/validation/static_gates.h"

namespace ratchet {
namespace {

constexpr int kComplexityLimit = 10;     // DESIGN section 2, phase 4: below
constexpr double kCoverageLimit = 0.80;  // above
constexpr size_t kOutputShown = 1500;    // bytes of a failed test run that are kept

GateResult Judged(std::string gate, std::vector<Finding> findings) {
  return {.gate = std::move(gate),
          .outcome = findings.empty() ? GateOutcome::kPassed : GateOutcome::kFailed,
          .findings = std::move(findings)};
}

bool Touches(const FunctionFacts& function, const std::set<int>& lines) {
  const auto first = lines.lower_bound(function.first_line);
  return first != lines.end() && *first <= function.last_line;
}

std::string TailOf(const std::string& text) {
  return text.size() <= kOutputShown ? text
                                     : "…" + ToValidUtf8(text.substr(text.size() - kOutputShown));
}

std::string TopLevel(const std::string& module) { return module.substr(0, module.find('.')); }

}  // namespace

std::vector<GateResult> Gates::StaticGates(const ComponentConfig& component,
                                           const Change& change) const {
  std::vector<Finding> scope = validation::CheckScope(component, change, {});
  std::vector<Finding> syntax, complexity, security;
  for (const FileChange& file : change.files) {
    if (!language_.IsSource(file.path)) {
      scope.push_back(
          {file.path, 0, "language", "only files of the component's language can be checked"});
    }
  }
  const bool readable = scope.empty();  // what is too large is not read
  for (const FileChange& file : change.files) {
    if (!readable) break;
    const FileFacts before = language_.Analyse(file.path, file.before.value_or(""));
    FileFacts after = language_.Analyse(file.path, file.after);
    std::ranges::move(after.syntax_errors, std::back_inserter(syntax));
    std::ranges::move(validation::NewFindings(before.security, std::move(after.security)),
                      std::back_inserter(security));
    const std::set<int> changed = validation::ChangedLines(file.before.value_or(""), file.after);
    for (const FunctionFacts& function : after.functions) {
      if (function.complexity < kComplexityLimit || !Touches(function, changed)) continue;
      complexity.push_back({file.path, function.first_line, "complexity",
                            fmt::format("{} has a cyclomatic complexity of {}; below {} is allowed",
                                        function.name, function.complexity, kComplexityLimit)});
    }
  }
  std::vector<GateResult> gates;
  gates.push_back(Judged("scope", std::move(scope)));
  gates.push_back(Judged("syntax", std::move(syntax)));
  gates.push_back(Judged("complexity", std::move(complexity)));
  gates.push_back(Judged("security", std::move(security)));
  if (!readable) {
    for (GateResult& gate : std::span(gates).subspan(1)) gate.outcome = GateOutcome::kNotRun;
  }
  return gates;
}

Result<ValidationReport> Gates::Validate(const ComponentId& id, const ComponentTree& tree,
                                         const Change& change, InsightKind /*promise*/) {
  const auto at = config_.components.find(id);
  if (at == config_.components.end()) return Fail(ErrorCode::kNotFound, "no component " + id.value);
  const ComponentConfig& component = at->second;
  ValidationReport report;
  report.gates = StaticGates(component, change);
  const bool sound = std::ranges::all_of(
      report.gates, [](const auto& g) { return g.outcome == GateOutcome::kPassed; });
  report.sandbox_worked = true;
  if (!sound) {
    for (const char* gate : {"imports", "tests", "coverage"})
      report.gates.push_back({.gate = gate});
    return report;
  }
  Executed executed = RunSandboxed(component, tree, change);
  report.sandbox_worked = executed.sandbox_worked;
  report.changed_line_coverage = executed.changed_line_coverage;
  report.gates.push_back(std::move(executed.imports));
  report.gates.push_back(std::move(executed.tests));
  report.gates.push_back(std::move(executed.coverage));
  const bool passed = std::ranges::all_of(
      report.gates, [](const auto& g) { return g.outcome == GateOutcome::kPassed; });
  if (!passed) return report;

  validation::ScoreInput score{.author = change.author,
                               .changed_line_coverage = report.changed_line_coverage,
                               .files = static_cast<int>(change.files.size())};
  for (const FileChange& file : change.files) {
    const std::set<int> changed = validation::ChangedLines(file.before.value_or(""), file.after);
    score.changed_lines += static_cast<int>(changed.size());
    for (const FunctionFacts& function : language_.Analyse(file.path, file.after).functions) {
      if (Touches(function, changed))
        score.complexity_max = std::max(score.complexity_max, function.complexity);
    }
  }
  report.quality = validation::QualityScore(score);
  report.risk = validation::RiskScore(score);
  return report;
}

Gates::Executed Gates::RunSandboxed(const ComponentConfig& component, const ComponentTree& tree,
                                    const Change& change) {
  Executed executed{
      .imports = {.gate = "imports"}, .tests = {.gate = "tests"}, .coverage = {.gate = "coverage"}};
  executed.imports = CheckImports(component, tree, change, executed.sandbox_worked);
  if (!executed.sandbox_worked || executed.imports.outcome != GateOutcome::kPassed) return executed;
  const auto fail = [](GateResult& gate, const char* rule, std::string message) {
    gate.outcome = GateOutcome::kFailed;
    gate.findings.push_back({"", 0, rule, std::move(message)});
  };
  if (component.tests.command.empty()) {
    fail(executed.tests, "no_tests", "the component has no tests configured");
    return executed;
  }
  std::vector<SandboxFile> files;
  files.reserve(change.files.size());
  for (const FileChange& file : change.files) files.push_back({file.path, file.after});
  const auto after = RunTests(component, files);
  const auto before = TestsBefore(component, tree);
  if (!after || !before) {
    executed.sandbox_worked =
        (after ? before.error() : after.error()).code != ErrorCode::kUnavailable;
    fail(executed.tests, "sandbox", (after ? before.error() : after.error()).message);
    return executed;
  }
  if (!before->passed) {
    fail(executed.tests, "red_before",
         "without the change, " + before->problem + ":\n" + TailOf(before->output));
    return executed;
  }
  if (!after->passed) {
    fail(executed.tests, "tests", after->problem + ":\n" + TailOf(after->output));
    return executed;
  }
  const int ran_before = before->count.value_or(-1), ran_after = after->count.value_or(0);
  if (ran_before == 0) {
    fail(executed.tests, "no_tests", "the test command runs no test");
    return executed;
  }
  if (ran_after < ran_before) {
    fail(executed.tests, "fewer_tests",
         fmt::format("{} tests ran before the change and {} with it", ran_before, ran_after));
    return executed;
  }
  executed.tests.outcome = GateOutcome::kPassed;
  executed.coverage = CheckCoverage(*before, *after, change, executed.changed_line_coverage);
  return executed;
}

// Imports that the change brings must resolve in the component's own environment, and their
// top-level module must be the standard library's, the component's, imported already, or allowed.
GateResult Gates::CheckImports(const ComponentConfig& component, const ComponentTree& tree,
                               const Change& change, bool& worked) {
  std::set<std::string> known(component.allowed_imports.begin(), component.allowed_imports.end());
  for (const SourceFile& file : tree.files) {
    if (!language_.IsSource(file.path)) continue;
    const std::string first = file.path.substr(0, file.path.find('/'));
    known.insert(first.substr(0, first.find('.')));
    for (const ImportFacts& import : language_.Analyse(file.path, file.text).imports)
      known.insert(TopLevel(import.module));
  }
  std::vector<Finding> findings;
  for (const FileChange& file : change.files) {
    const auto before = language_.Analyse(file.path, file.before.value_or("")).imports;
    std::vector<ImportFacts> added;
    for (const ImportFacts& import : language_.Analyse(file.path, file.after).imports) {
      const bool old = std::ranges::any_of(before, [&](const ImportFacts& b) {
        return b.module == import.module && b.names == import.names;
      });
      if (!old && !import.optional) added.push_back(import);
    }
    if (added.empty()) continue;
    SandboxJob job = language_.ImportCheckJob(component.interpreter, added, file.path);
    job.copy_root = component.root;
    for (const FileChange& other : change.files) job.files.push_back({other.path, other.after});
    job.limits = limits_;
    const auto run = sandbox_.Run(job);
    auto check =
        run ? language_.ReadImportCheck(*run) : Result<ImportCheck>(std::unexpected(run.error()));
    if (!run) worked = run.error().code != ErrorCode::kUnavailable;
    if (!check) {
      findings.push_back({file.path, 0, "imports", check.error().message});
      continue;
    }
    for (Finding& problem : check->problems) {
      problem.file = file.path;
      findings.push_back(std::move(problem));
    }
    const std::set<std::string> standard(check->standard_library.begin(),
                                         check->standard_library.end());
    for (const ImportFacts& import : added) {
      const std::string top = TopLevel(import.module);
      if (top.empty() || standard.contains(top) || known.contains(top)) continue;
      findings.push_back(
          {file.path, import.line, "new_dependency",
           top + " is a new dependency; allowed: the standard library, the component, " +
               (component.allowed_imports.empty() ? "nothing else"
                                                  : Join(component.allowed_imports, ", "))});
    }
  }
  return Judged("imports", std::move(findings));
}

Result<TestRun> Gates::RunTests(const ComponentConfig& component,
                                const std::vector<SandboxFile>& files) {
  SandboxJob job = language_.TestJob(component.interpreter, component.tests.command);
  job.copy_root = component.root;
  job.files = files;
  job.limits = limits_;
  job.limits.wall = component.tests.timeout;
  TRY(const SandboxRun run, sandbox_.Run(job));
  return language_.ReadTestRun(run);
}

Result<TestRun> Gates::TestsBefore(const ComponentConfig& component, const ComponentTree& tree) {
  const std::string key = component.id.value + " " + tree.hash;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = before_.find(key);
    if (at != before_.end()) return at->second;
  }
  std::vector<SandboxFile> files;
  files.reserve(tree.files.size());
  for (const SourceFile& file : tree.files) files.push_back({file.path, file.text});
  TRY(TestRun run, RunTests(component, files));
  const std::scoped_lock lock(mutex_);
  if (before_.size() > 16) before_.clear();
  if (run.passed) before_[key] = run;  // a red run may be a flaky one
  return run;
}

// More than 80 % of the changed executable lines ran, and every unchanged line that ran before
// still runs. No test can have been added for the change: tests are protected files.
GateResult Gates::CheckCoverage(const TestRun& before, const TestRun& after, const Change& change,
                                double& share) const {
  std::vector<Finding> findings;
  int ran = 0, executable = 0;
  std::string missing;
  for (const FileChange& file : change.files) {
    const auto now = std::ranges::find(after.coverage, file.path, &TestRun::FileCoverage::path);
    const std::set<int> changed = validation::ChangedLines(file.before.value_or(""), file.after);
    if (now == after.coverage.end()) {
      findings.push_back({file.path, 0, "coverage", "the tests never load this file"});
      continue;
    }
    const std::set<int> executed(now->executed.begin(), now->executed.end());
    for (const int line : now->executed) {
      if (changed.contains(line)) ++ran, ++executable;
    }
    for (const int line : now->missing) {
      if (!changed.contains(line)) continue;
      ++executable;
      missing += fmt::format("{}{}:{}", missing.empty() ? "" : ", ", file.path, line);
    }
    const auto old = std::ranges::find(before.coverage, file.path, &TestRun::FileCoverage::path);
    if (old == before.coverage.end()) continue;
    const auto kept = validation::KeptLines(file.before.value_or(""), file.after);
    for (const int line : old->executed) {
      const auto same = kept.find(line);
      if (same != kept.end() && !executed.contains(same->second) &&
          std::ranges::find(now->missing, same->second) != now->missing.end()) {
        findings.push_back({file.path, same->second, "coverage_falls",
                            "this line ran before the change and does not any more"});
      }
    }
  }
  share = executable == 0 ? 1.0 : static_cast<double>(ran) / executable;
  if (share <= kCoverageLimit) {
    findings.push_back(
        {"", 0, "coverage",
         fmt::format("{:.0f} % of {} changed lines ran; above {:.0f} % is needed; not run: {}",
                     share * 100, executable, kCoverageLimit * 100, missing)});
  }
  return Judged("coverage", std::move(findings));
}

}  // namespace ratchet
