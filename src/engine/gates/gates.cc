#include "engine/gates/gates.h"

#include <algorithm>

#include "core/validation/score.h"
#include "engine/gates/gate_list.h"

namespace ratchet {
namespace {

using gates::Gate;
using gates::Needs;

bool Stands(ClaimOutcome outcome) {
  return outcome == ClaimOutcome::kPassed || outcome == ClaimOutcome::kNotApplicable;
}

// What is not proven does not pass.
GateResult ResultOf(const Gate& gate, std::span<const Claim> claims) {
  GateResult result{.gate = std::string(gate.name)};
  const auto claim = std::ranges::find(claims, result.gate, &Claim::gate);
  if (claim == claims.end()) return result;
  result.outcome = Stands(claim->outcome) ? GateOutcome::kPassed : GateOutcome::kFailed;
  result.findings = claim->findings;
  return result;
}

std::vector<GateResult> ResultsOf(std::span<const Gate* const> list,
                                  std::span<const Claim> claims) {
  std::vector<GateResult> results;
  results.reserve(list.size());
  for (const Gate* gate : list) results.push_back(ResultOf(*gate, claims));
  return results;
}

double EvidenceOf(std::span<const Claim> claims, std::string_view name, double otherwise) {
  for (const Claim& claim : claims) {
    const auto at = std::ranges::find(claim.evidence, name, &Evidence::name);
    if (at != claim.evidence.end()) return at->value;
  }
  return otherwise;
}

void Score(gates::Candidate& candidate, std::span<const Claim> claims, ValidationReport& report) {
  const Change& change = candidate.change();
  validation::ScoreInput score{
      .author = change.author,
      .changed_line_coverage = report.changed_line_coverage,
      .complexity_max = static_cast<int>(EvidenceOf(claims, gates::kComplexityMax, 1)),
      .files = static_cast<int>(change.files.size())};
  for (const FileChange& file : change.files)
    score.changed_lines += static_cast<int>(candidate.ChangedLines(file).size());
  report.quality = validation::QualityScore(score);
  report.risk = validation::RiskScore(score);
}

}  // namespace

std::vector<Claim> Gates::Ask(std::span<const Gate* const> list, gates::Candidate& candidate) {
  std::vector<Claim> claims;
  bool readable = true, sound = true;  // so far
  for (const Gate* gate : list) {
    if (gate->needs == Needs::kReadable && !readable) continue;
    if (gate->needs == Needs::kSandbox && !sound) continue;
    gates::Judgement judgement = gate->judge(candidate);
    const bool stands = Stands(judgement.outcome);
    sound = sound && stands;
    readable = readable && (stands || gate->needs != Needs::kNothing);
    claims.push_back({.gate = std::string(gate->name),
                      .outcome = judgement.outcome,
                      .findings = std::move(judgement.findings),
                      .evidence = std::move(judgement.evidence)});
  }
  return claims;
}

Result<std::vector<GateResult>> Gates::StaticGates(const ComponentId& id, const Change& change) {
  std::vector<const Gate*> without_sandbox;
  std::ranges::copy_if(gates::kAllGates, std::back_inserter(without_sandbox),
                       [](const Gate* gate) { return gate->needs != Needs::kSandbox; });
  TRY(const LanguageSupport* language, languages_.LanguageOf(id));
  const ComponentTree no_tree;
  gates::Candidate candidate({components_.at(id), no_tree, change, *language},
                             {sandbox_, limits_, known_runs_});
  return ResultsOf(without_sandbox, Ask(without_sandbox, candidate));
}

Result<ValidationReport> Gates::Validate(const ComponentId& id, const ComponentTree& tree,
                                         const Change& change, InsightKind /*promise*/) {
  TRY(const LanguageSupport* language, languages_.LanguageOf(id));
  gates::Candidate candidate({components_.at(id), tree, change, *language},
                             {sandbox_, limits_, known_runs_});
  const std::vector<Claim> claims = Ask(gates::kAllGates, candidate);
  ValidationReport report{
      .gates = ResultsOf(gates::kAllGates, claims),
      .changed_line_coverage = EvidenceOf(claims, gates::kChangedLineCoverage, 0),
      .sandbox_worked = candidate.sandbox_worked()};
  const bool passed = std::ranges::all_of(
      report.gates, [](const GateResult& gate) { return gate.outcome == GateOutcome::kPassed; });
  if (passed) Score(candidate, claims, report);
  return report;
}

}  // namespace ratchet
