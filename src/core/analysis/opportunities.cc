#include "core/analysis/opportunities.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

#include "core/analysis/impact.h"

namespace ratchet::analysis {
namespace {

// Of an insight or an opportunity; 0 when it was not measured.
double Value(const auto& of, std::string_view name) {
  const auto at = std::ranges::find(of.evidence, name, &Evidence::name);
  return at == of.evidence.end() ? 0 : at->value;
}

// What mending it would gain, in % of the operation's latency or errors.
Figure Gain(const Insight& insight) {
  switch (insight.kind) {
    case InsightKind::kRepeatedCalls:
      return {Value(insight, "saved_pct"), Origin::kMeasured};
    case InsightKind::kLatencyDegradation: {
      const double now = Value(insight, "latency_mean_ms");
      const double before = Value(insight, "baseline_mean_ms");
      return {now > 0 ? 100 * (now - before) / now : 0, Origin::kMeasured};
    }
    case InsightKind::kErrorRateSpike:
      return {100 * (Value(insight, "error_rate") - Value(insight, "baseline_error_rate")),
              Origin::kMeasured};
    case InsightKind::kThroughputDrop:
      return {Value(insight, "drop_pct"), Origin::kMeasured};
    case InsightKind::kRecurringException:
      return {10, Origin::kEstimated};
    // Half of what the function takes: a usual result of mending one hot spot.
    case InsightKind::kSlowOperation:
      return {Value(insight, "operation_share_pct") / 2, Origin::kEstimated};
    case InsightKind::kRepeatedQueries:
      return {Value(insight, "operation_share_pct") * 0.8, Origin::kEstimated};
  }
  return {};
}

Risk RiskOf(InsightKind kind) {
  switch (kind) {
    case InsightKind::kRepeatedCalls:
      return Risk::kLow;
    case InsightKind::kSlowOperation:
    case InsightKind::kRecurringException:
    case InsightKind::kRepeatedQueries:
      return Risk::kMedium;
    default:
      return Risk::kHigh;  // the cause is not known yet
  }
}

std::string RequirementOf(const Insight& insight) {
  switch (insight.kind) {
    case InsightKind::kRepeatedCalls:
      return fmt::format("Avoid computing {} again for arguments that were seen before.",
                         insight.code.function);
    case InsightKind::kSlowOperation:
      return fmt::format("Make {} faster without changing its results.", insight.code.function);
    case InsightKind::kRepeatedQueries:
      return "Read with one statement what is now read with one statement a row.";
    case InsightKind::kRecurringException:
      return "Handle the case that raises this exception, without hiding other failures.";
    case InsightKind::kErrorRateSpike:
      return "Remove the cause of the failing requests.";
    case InsightKind::kLatencyDegradation:
      return "Bring the operation back to its former latency.";
    case InsightKind::kThroughputDrop:
      return "Remove what holds the operation's throughput back.";
  }
  return {};
}

// What people feel without knowing why.
bool IsSymptom(InsightKind kind) {
  return kind == InsightKind::kLatencyDegradation || kind == InsightKind::kThroughputDrop ||
         kind == InsightKind::kErrorRateSpike;
}

// Whether mending `cause` would mend at least half of `symptom`, which is of the same operation.
bool Explains(const Opportunity& cause, const Opportunity& symptom) {
  const bool same = cause.tenant == symptom.tenant && cause.component == symptom.component &&
                    cause.operation == symptom.operation;
  if (!same || IsSymptom(cause.kind)) return false;
  const bool of_errors = symptom.kind == InsightKind::kErrorRateSpike;
  if (of_errors != (cause.kind == InsightKind::kRecurringException)) return false;
  if (!of_errors) return cause.gain_pct.value >= symptom.gain_pct.value / 2;
  const double now = Value(symptom, "error_rate"), before = Value(symptom, "baseline_error_rate");
  const double more = now > 0 ? Value(symptom, "errors") * (1 - before / now) : 0;
  return Value(cause, "occurrences") >= more / 2;
}

// A symptom is mended at its cause: one piece of work, as urgent as the symptom.
void Absorb(Opportunity& cause, const Opportunity& symptom) {
  cause.severity = std::max(cause.severity, symptom.severity);
  if (symptom.kind == InsightKind::kErrorRateSpike && symptom.gain_pct.value > cause.gain_pct.value)
    cause.gain_pct = symptom.gain_pct;
  for (const Evidence& evidence : symptom.evidence) {
    const auto known = std::ranges::find(cause.evidence, evidence.name, &Evidence::name);
    if (known == cause.evidence.end()) cause.evidence.push_back(evidence);
  }
}

std::vector<Opportunity> AtTheirCauses(std::vector<Opportunity> all) {
  std::vector<Opportunity> found, symptoms;
  for (Opportunity& o : all) (IsSymptom(o.kind) ? symptoms : found).push_back(std::move(o));
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
    o.requirement = RequirementOf(insight);
    o.severity = insight.severity;
    o.risk = RiskOf(insight.kind);
    o.confidence = insight.confidence;
    o.gain_pct = Gain(insight);
    o.evidence = insight.evidence;
    o.example = insight.example;
    o.found_at = insight.found_at;
    o.code = insight.code;
    const RequestHistory& history =
        input_.histories.Of({insight.tenant, insight.component, insight.operation});
    const AnalysisWindows& windows = input_.histories.windows();
    const auto hours = [](Duration window) { return std::max(Seconds(window), 1.0) / 3600; };
    const double users = Value(insight, "users");
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
    if (IsSymptom(found[i].kind)) found[i].code = finder.Suspect(found[i]);
    found[i].id = OpportunityId(fmt::format("{}-opp-{:03}", input.cycle.value, i + 1));
    found[i].score = ImpactScore(found[i]);
    found[i].level = LevelOf(found[i].score);
  }
  SortByPriority(found);
  return found;
}

}  // namespace ratchet::analysis
