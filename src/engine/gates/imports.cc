// Imports that the change brings must resolve in the component's own environment, and their
// top-level module must be the standard library's, the component's, imported already, or allowed.

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "engine/gates/gate_list.h"

namespace ratchet::gates {
namespace {

std::string TopLevel(const std::string& module) { return module.substr(0, module.find('.')); }

std::set<std::string> KnownModules(const Candidate& candidate) {
  const std::vector<std::string>& allowed = candidate.component().allowed_imports;
  std::set<std::string> known(allowed.begin(), allowed.end());
  for (const SourceFile& file : candidate.tree().files) {
    if (!candidate.language().IsSource(file.path)) continue;
    const std::string first = file.path.substr(0, file.path.find('/'));
    known.insert(first.substr(0, first.find('.')));
    for (const ImportFacts& import : candidate.language().Analyse(file.path, file.text).imports)
      known.insert(TopLevel(import.module));
  }
  return known;
}

std::vector<ImportFacts> AddedImports(Candidate& candidate, const FileChange& file) {
  const std::vector<ImportFacts>& before = candidate.FactsBefore(file).imports;
  std::vector<ImportFacts> added;
  for (const ImportFacts& import : candidate.FactsAfter(file).imports) {
    const bool old = std::ranges::any_of(before, [&](const ImportFacts& b) {
      return b.module == import.module && b.names == import.names;
    });
    if (!old && !import.optional) added.push_back(import);
  }
  return added;
}

Result<ImportCheck> Check(Candidate& candidate, const FileChange& file,
                          const std::vector<ImportFacts>& imports) {
  const SandboxJob job =
      candidate.language().ImportCheckJob(candidate.component().interpreter, imports, file.path);
  TRY(const SandboxRun run, candidate.Run(job, candidate.FilesAfter()));
  return candidate.language().ReadImportCheck(run);
}

Finding NewDependency(const Candidate& candidate, const FileChange& file,
                      const ImportFacts& import) {
  const std::vector<std::string>& allowed = candidate.component().allowed_imports;
  return {file.path, import.line, "new_dependency",
          TopLevel(import.module) +
              " is a new dependency; allowed: the standard library, the component, " +
              (allowed.empty() ? "nothing else" : Join(allowed, ", "))};
}

Judgement Judge(Candidate& candidate) {
  const std::set<std::string> known = KnownModules(candidate);
  std::vector<Finding> findings;
  std::vector<Finding> not_checked;
  for (const FileChange& file : candidate.change().files) {
    const std::vector<ImportFacts> added = AddedImports(candidate, file);
    if (added.empty()) continue;
    auto check = Check(candidate, file, added);
    if (!check) {
      not_checked.push_back({file.path, 0, "imports", check.error().message});
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
      if (!top.empty() && !standard.contains(top) && !known.contains(top))
        findings.push_back(NewDependency(candidate, file, import));
    }
  }
  Judgement judgement = PassedWithout(std::move(findings));
  if (judgement.findings.empty() && !not_checked.empty())
    judgement.outcome = ClaimOutcome::kNotProven;
  std::ranges::move(not_checked, std::back_inserter(judgement.findings));
  return judgement;
}

}  // namespace

const Gate kImports{"imports", Needs::kSandbox, Judge};

}  // namespace ratchet::gates
