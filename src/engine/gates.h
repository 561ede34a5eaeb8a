#pragma once
// The gates of phase 4 in their order: static ones first, then those that run code in the sandbox.
// After a failed static gate nothing is run.

#include <map>
#include <mutex>

#include "engine/config.h"
#include "ports/change_validator.h"
#include "ports/language_support.h"
#include "ports/sandbox.h"

namespace ratchet {

class Gates : public ChangeValidator {
 public:
  Gates(const EngineConfig& config, const LanguageSupport& language, Sandbox& sandbox,
        SandboxLimits limits)
      : config_(config), language_(language), sandbox_(sandbox), limits_(limits) {}

  Result<ValidationReport> Validate(const ComponentId& component, const ComponentTree& tree,
                                    const Change& change, InsightKind promise) override;

  // The gates that need no sandbox; also measured on their own.
  std::vector<GateResult> StaticGates(const ComponentConfig& component, const Change& change) const;

 private:
  struct Executed {
    GateResult imports, tests, coverage;
    double changed_line_coverage = 0;
    bool sandbox_worked = true;
  };
  Executed RunSandboxed(const ComponentConfig& component, const ComponentTree& tree,
                        const Change& change);
  GateResult CheckImports(const ComponentConfig& component, const ComponentTree& tree,
                          const Change& change, bool& worked);
  Result<TestRun> RunTests(const ComponentConfig& component, const std::vector<SandboxFile>& files);
  Result<TestRun> TestsBefore(const ComponentConfig& component, const ComponentTree& tree);
  GateResult CheckCoverage(const TestRun& before, const TestRun& after, const Change& change,
                           double& share) const;

  const EngineConfig& config_;
  const LanguageSupport& language_;
  Sandbox& sandbox_;
  SandboxLimits limits_;
  std::mutex mutex_;
  std::map<std::string, TestRun> before_;  // by tree hash: the unchanged component is run once
};

}  // namespace ratchet
