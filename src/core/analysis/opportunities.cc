#include "core/analysis/opportunities.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

#include "core/analysis/detector_list.h"
#include "core/analysis/impact.h"

namespace ratchet::analysis {
namespace {

bool IsSymptom(const Opportunity& o) { return TraitsOf(o.kind).standing == Standing::kSymptom; }
bool IsOfErrors(const Opportunity& o) { return TraitsOf(o.kind).promise == Promise::kErrors; }

// Whether mending `cause` would mend at least half of `symptom`, which is of the same operation.
bool Explains(const Opportunity& cause, const Opportunity& symptom) {
  const bool same = cause.tenant == symptom.tenant && cause.component == symptom.component &&
                    cause.operation == symptom.operation;
  if (!same || IsSymptom(cause) || IsOfErrors(symptom) != IsOfErrors(cause)) return false;
  if (!IsOfErrors(symptom)) return cause.gain_pct.value >= symptom.gain_pct.value / 2;
  const double now = EvidenceValue(symptom.evidence, "error_rate"),
               before = EvidenceValue(symptom.evidence, "baseline_error_rate");
  const double more = now > 0 ? EvidenceValue(symptom.evidence, "errors") * (1 - before / now) : 0;
  return EvidenceValue(cause.evidence, "occurrences") >= more / 2;
}

// A symptom is mended at its cause: one piece of work, as urgent as the symptom.
void Absorb(Opportunity& cause, const Opportunity& symptom) {
  cause.severity = std::max(cause.severity, symptom.severity);
  if (IsOfErrors(symptom) && symptom.gain_pct.value > cause.gain_pct.value)
    cause.gain_pct = symptom.gain_pct;
  for (const Evidence& evidence : symptom.evidence) {
    const auto known = std::ranges::find(cause.evidence, evidence.name, &Evidence::name);
    if (known == cause.evidence.end()) cause.evidence.push_back(evidence);
  }
}

std::vector<Opportunity> AtTheirCauses(std::vector<Opportunity> all) {
  std::vector<Opportunity> found, symptoms;
  for (Opportunity& o : all) (IsSymptom(o) ? symptoms : found).push_back(std::move(o));
  const size_t causes = found.size();
  for (Opportunity& symptom : symptoms) {
    Opportunity* cause = nullptr;
    for (Opportunity& other : std::span(found).first(causes)) {
      const bool better = cause == nullptr || other.gain_pct.value > cause->gain_pct.value;
      if (better && Explains(other, symptom)) cause = &other;
    }
    if (cause != nullptr)
      Absorb(*cause, symptom);
    else
      found.push_back(std::move(symptom));
  }
  return found;
}

class Finder {
 public:
  explicit Finder(const AnalysisInput& input) : input_(input) {}

  [[nodiscard]] Opportunity Make(const Insight& insight, Reach reach) const {
    Opportunity o;
    o.insight = insight.id;
    o.cycle = insight.cycle;
    o.kind = insight.kind;
    // System-wide work belongs to no single tenant: neither its rules nor its keys apply.
    if (reach == Reach::kTenant) o.tenant = insight.tenant;
    o.component = insight.component;
    o.operation = insight.operation;
    o.reach = reach;
    o.requirement = DetectorOf(insight.kind).requirement(insight);
    o.severity = insight.severity;
    o.risk = TraitsOf(insight.kind).risk;
    o.confidence = insight.confidence;
    o.gain_pct = DetectorOf(insight.kind).gain(insight);
    o.evidence = insight.evidence;
    o.example = insight.example;
    o.found_at = insight.found_at;
    o.code = insight.code;
    const RequestHistory& history =
        input_.histories.Of({insight.tenant, insight.component, insight.operation});
    const AnalysisWindows& windows = input_.histories.windows();
    const auto hours = [](Duration window) { return std::max(Seconds(window), 1.0) / 3600; };
    const double users = EvidenceValue(insight.evidence, "users");
    // Without user ids every request counts as a user's: an upper bound, and said to be estimated.
    o.affected_users_per_hour =
        users > 0 ? Figure{users / hours(windows.now - windows.calls_from(insight.component)),
                           Origin::kMeasured}
                  : Figure{static_cast<double>(history.current.count) / hours(windows.current),
                           Origin::kEstimated};
    const double active = std::min(
        1.0, static_cast<double>(history.hours.size()) / std::max(1.0, hours(windows.current)));
    o.frequency_per_day = {24 * active, Origin::kEstimated};
    return o;
  }

  // The function in which the operation spends most of its time, as far as spans tell.
  [[nodiscard]] CodeLocation Suspect(const Opportunity& o) const {
    const CallShape* most = nullptr;
    for (const CallShape& shape : input_.shapes) {
      const bool of_operation = (o.tenant.empty() || shape.tenant == o.tenant) &&
                                shape.component == o.component && shape.operation == o.operation;
      if (!of_operation || shape.code.function.empty()) continue;
      if (most == nullptr || shape.total_ms > most->total_ms) most = &shape;
    }
    return most == nullptr ? CodeLocation{} : most->code;
  }

 private:
  const AnalysisInput& input_;
};

}  // namespace

std::vector<Opportunity> FindOpportunities(const AnalysisInput& input,
                                           const std::vector<Insight>& insights,
                                           const ReachOf& reach) {
  const Finder finder(input);
  std::vector<Opportunity> found;
  std::map<std::tuple<InsightKind, ComponentId, std::string, std::string, std::string, std::string>,
           size_t>
      shared;  // by what they are about, whichever tenant saw it
  for (const Insight& insight : insights) {
    Opportunity opportunity = finder.Make(insight, reach(insight.component));
    bool first = true;
    auto at = shared.end();
    if (opportunity.reach == Reach::kSystemWide) {
      std::tie(at, first) =
          shared.try_emplace({insight.kind, insight.component, insight.operation, insight.cause,
                              insight.code.file, insight.code.function},
                             found.size());
    }
    if (first) {
      found.push_back(std::move(opportunity));
      continue;
    }
    // The same cause seen by another tenant: one change helps both.
    Opportunity* same = &found[at->second];
    same->affected_users_per_hour.value += opportunity.affected_users_per_hour.value;
    same->gain_pct.value = std::max(same->gain_pct.value, opportunity.gain_pct.value);
    same->severity = std::max(same->severity, opportunity.severity);
    same->confidence = std::max(same->confidence, opportunity.confidence);
  }
  found = AtTheirCauses(std::move(found));
  for (size_t i = 0; i < found.size(); ++i) {
    if (IsSymptom(found[i])) found[i].code = finder.Suspect(found[i]);
    found[i].id = OpportunityId(fmt::format("{}-opp-{:03}", input.cycle.value, i + 1));
    found[i].score = ImpactScore(found[i]);
    found[i].level = LevelOf(found[i].score);
  }
  SortByPriority(found);
  return found;
}

}  // namespace ratchet::analysis
