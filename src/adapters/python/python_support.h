#pragma once
// Python behind the LanguageSupport port.

#include "ports/language_support.h"

namespace ratchet::python {

class PythonSupport : public LanguageSupport {
 public:
  [[nodiscard]] const LanguageConventions& conventions() const override;
  [[nodiscard]] std::span<const Recipe* const> recipes() const override;
  [[nodiscard]] bool IsSource(const std::string& path) const override {
    return path.ends_with(".py");
  }
  FileFacts Analyse(const std::string& path, const std::string& text) const override;
  std::optional<CodeSite> Locate(const ComponentTree& tree, const CodeLocation& location,
                                 std::string_view stack_trace) const override;
  SandboxJob ImportCheckJob(const std::string& interpreter, const std::vector<ImportFacts>& imports,
                            const std::string& path) const override;
  Result<ImportCheck> ReadImportCheck(const SandboxRun& run) const override;
  SandboxJob TestJob(const std::string& interpreter,
                     const std::vector<std::string>& command) const override;
  Result<TestRun> ReadTestRun(const SandboxRun& run) const override;
};

SandboxJob ImportCheckJob(const std::string& interpreter, const std::vector<ImportFacts>& imports,
                          const std::string& package);
Result<ImportCheck> ReadImportCheck(const SandboxRun& run);
SandboxJob TestJob(const std::string& interpreter, const std::vector<std::string>& command);
Result<TestRun> ReadTestRun(const SandboxRun& run);

}  // namespace ratchet::python
