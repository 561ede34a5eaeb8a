#include "engine/gates/gates.h"

#include <gtest/gtest.h>

#include "engine/gates/gate_list.h"

namespace ratchet {
namespace {

// A language of lines: "bad" is a syntax error, "use X" an import, "fn" a function of one line.
class LineLanguage : public LanguageSupport {
 public:
  [[nodiscard]] bool IsSource(const std::string& path) const override {
    return path.ends_with(".line");
  }
  FileFacts Analyse(const std::string& path, const std::string& text) const override {
    ++analysed;
    FileFacts facts;
    if (text.find("bad") != std::string::npos)
      facts.syntax_errors.push_back({path, 1, "syntax", "bad"});
    if (text.find("use X") != std::string::npos) facts.imports.push_back({.module = "X"});
    facts.functions.push_back(
        {.name = "fn", .first_line = 1, .last_line = 1, .complexity = complexity});
    return facts;
  }
  std::optional<CodeSite> Locate(const ComponentTree&, const CodeLocation&,
                                 std::string_view) const override {
    return std::nullopt;
  }
  [[nodiscard]] const LanguageConventions& conventions() const override { return conventions_; }
  [[nodiscard]] std::span<const Recipe* const> recipes() const override { return {}; }
  SandboxJob ImportCheckJob(const std::string&, const std::vector<ImportFacts>&,
                            const std::string&) const override {
    return {.command = {"imports"}};
  }
  Result<ImportCheck> ReadImportCheck(const SandboxRun&) const override { return ImportCheck{}; }
  SandboxJob TestJob(const std::string&, const std::vector<std::string>&) const override {
    return {.command = {"tests"}};
  }
  Result<TestRun> ReadTestRun(const SandboxRun& run) const override {
    return TestRun{.passed = run.output != "red",
                   .problem = run.output,
                   .count = 3,
                   .coverage = {{.path = "a.line", .executed = {1}}}};
  }
  mutable int analysed = 0;
  int complexity = 1;

 private:
  LanguageConventions conventions_{.name = "line", .protected_files = {"**/build.line"}};
};

class OneLanguage : public Languages {
 public:
  explicit OneLanguage(const LanguageSupport& language) : language_(language) {}
  [[nodiscard]] Result<const LanguageSupport*> LanguageOf(const ComponentId& id) const override {
    if (id.value != "c") return Fail(ErrorCode::kNotFound, "no component " + id.value);
    return &language_;
  }

 private:
  const LanguageSupport& language_;
};

class ScriptedSandbox : public Sandbox {
 public:
  Result<SandboxRun> Run(const SandboxJob& job) override {
    jobs.push_back(job);
    if (broken) return Fail(ErrorCode::kUnavailable, "no name spaces here");
    const bool unchanged = !job.files.empty() && job.files.front().text == "old\n";
    return SandboxRun{.output = unchanged ? before : after};
  }
  std::vector<SandboxJob> jobs;
  std::string before, after;
  bool broken = false;
};

class GatesTest : public ::testing::Test {
 protected:
  GatesTest() {
    ComponentConfig& component = components_[kId];
    component.id = kId;
    component.allowed = {"**"};
    component.tests.command = {"run"};
  }

  ValidationReport Validate(const std::string& after, const std::string& path = "a.line") {
    const ComponentTree tree{.files = {{path, "old\n"}}, .hash = "h"};
    const Change change{.files = {{path, "old\n", after}}, .author = Author::kRecipe};
    return *gates_.Validate(kId, tree, change, InsightKind::kRepeatedCalls);
  }

  // "scope:passed syntax:failed ..." without the gates that passed.
  static std::string NotPassed(const ValidationReport& report) {
    std::string text;
    for (const GateResult& gate : report.gates) {
      if (gate.outcome == GateOutcome::kPassed) continue;
      text += gate.gate + (gate.outcome == GateOutcome::kFailed ? "!" : "?") + " ";
    }
    return text;
  }

  const ComponentId kId{"c"};
  std::map<ComponentId, ComponentConfig> components_;
  LineLanguage language_;
  OneLanguage languages_{language_};
  ScriptedSandbox sandbox_;
  Gates gates_{components_, languages_, sandbox_, {}};
};

TEST_F(GatesTest, ASoundChangePassesEveryGateAndIsScored) {
  const ValidationReport report = Validate("new\n");
  EXPECT_EQ(NotPassed(report), "");
  EXPECT_EQ(report.gates.size(), gates::kAllGates.size());
  EXPECT_EQ(report.changed_line_coverage, 1.0);
  EXPECT_GT(report.quality, 0.95);
  EXPECT_LT(report.risk, 0.03);
}

TEST_F(GatesTest, ComplexityCountsInTheScore) {
  const double simple = Validate("new\n").quality;
  language_.complexity = 9;
  EXPECT_LT(Validate("new\n").quality, simple);
  language_.complexity = 10;
  EXPECT_EQ(NotPassed(Validate("new\n")), "complexity! imports? tests? coverage? ");
}

TEST_F(GatesTest, OutOfScopeNothingIsRead) {
  EXPECT_EQ(NotPassed(Validate("new\n", "a.other")),
            "scope! syntax? complexity? security? imports? tests? coverage? ");
  EXPECT_EQ(language_.analysed, 0);
}

TEST_F(GatesTest, FilesThatTheLanguageProtectsAreOutOfScope) {
  EXPECT_TRUE(NotPassed(Validate("new\n", "app/build.line")).starts_with("scope! "));
}

TEST_F(GatesTest, AComponentOfNoKnownLanguageIsNotJudged) {
  EXPECT_FALSE(gates_.Validate(ComponentId("other"), {}, {}, InsightKind::kRepeatedCalls));
}

TEST_F(GatesTest, NothingRunsUnlessEveryGateThatReadsHasPassed) {
  EXPECT_EQ(NotPassed(Validate("bad\n")), "syntax! imports? tests? coverage? ");
  EXPECT_TRUE(sandbox_.jobs.empty());
}

TEST_F(GatesTest, AnUnknownModuleIsANewDependency) {
  EXPECT_EQ(NotPassed(Validate("use X\n")), "imports! tests? coverage? ");
  components_[kId].allowed_imports = {"X"};
  EXPECT_EQ(NotPassed(Validate("use X\n")), "");
}

TEST_F(GatesTest, WhatIsNotProvenDoesNotPass) {
  sandbox_.before = "red";
  EXPECT_EQ(NotPassed(Validate("new\n")), "tests! coverage? ");
  components_[kId].tests.command.clear();
  EXPECT_EQ(NotPassed(Validate("new\n")), "tests! coverage? ");
}

TEST_F(GatesTest, ABrokenSandboxSaysNothingOfTheChange) {
  sandbox_.broken = true;
  const ValidationReport report = Validate("new\n");
  EXPECT_FALSE(report.sandbox_worked);
  EXPECT_EQ(NotPassed(report), "tests! coverage? ");
}

TEST_F(GatesTest, AGateTellsWhatFailedFromWhatIsNotProven) {
  const ComponentTree tree{.files = {{"a.line", "old\n"}}, .hash = "h"};
  const Change change{.files = {{"a.line", "old\n", "new\n"}}};
  const SandboxLimits limits;
  gates::KnownTestRuns known;
  const auto outcome = [&] {
    gates::Candidate candidate({components_[kId], tree, change, language_},
                               {sandbox_, limits, known});
    return gates::kTests.judge(candidate).outcome;
  };
  sandbox_.before = "red";
  EXPECT_EQ(outcome(), ClaimOutcome::kNotProven);
  sandbox_.before = "";
  sandbox_.after = "red";
  EXPECT_EQ(outcome(), ClaimOutcome::kFailed);
  sandbox_.after = "";
  EXPECT_EQ(outcome(), ClaimOutcome::kPassed);
}

TEST_F(GatesTest, AnUnchangedComponentIsTestedOnce) {
  Validate("new\n");
  EXPECT_EQ(sandbox_.jobs.size(), 2U);
  Validate("newer\n");
  EXPECT_EQ(sandbox_.jobs.size(), 3U);
}

}  // namespace
}  // namespace ratchet
