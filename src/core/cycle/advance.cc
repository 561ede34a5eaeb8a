#include "core/cycle/advance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet::cycle {
namespace {

using Json = nlohmann::json;

const std::string kPolicy = "policy:auto";  // approves in the place of a person

// Carries one step while the event is handled; each handler below is one row of the state table.
class Stepper {
 public:
  Stepper(const Improvement& state, const ImprovementPolicy& policy, Instant now)
      : policy_(policy), now_(now) {
    step_.state = state;
  }

  Status On(const Admitted&) {
    TRY_STATUS(Expect({ImprovementStatus::kQueued}));
    state().round = 1;
    MoveTo(ImprovementStatus::kGenerating);
    Ask(EffectKind::kGenerate, 1);
    return {};
  }

  Status On(const Generated& event) {
    TRY_STATUS(Expect({ImprovementStatus::kGenerating}));
    Spend(event.tokens, event.cost_usd);
    state().author = event.change.author;
    state().author_name = event.change.author_name;
    state().summary = event.change.summary;
    state().tree_before = event.tree_before;
    state().tree_after = event.tree_after;
    step_.change = event.change;
    MoveTo(ImprovementStatus::kValidating);
    Ask(EffectKind::kValidate, state().round);
    Audit("improvement.generated", {{"author", state().author_name},
                                    {"tree_before", event.tree_before},
                                    {"tree_after", event.tree_after},
                                    {"tokens", event.tokens},
                                    {"cost_usd", event.cost_usd}});
    return {};
  }

  Status On(const GenerationFailed& event) {
    TRY_STATUS(Expect({ImprovementStatus::kGenerating}));
    Spend(event.tokens, event.cost_usd);
    if (event.repairable == Repairable::kYes && Repair(event.reason)) return {};
    End(ImprovementStatus::kFailed, event.end, event.reason);
    return {};
  }

  Status On(const Validated& event) {
    TRY_STATUS(Expect({ImprovementStatus::kValidating}));
    state().validation = event.report;
    Audit("improvement.validated", ToJson(event.report));
    if (!event.report.sandbox_worked) {
      End(ImprovementStatus::kSuggested, EndReason::kNoSandbox,
          "no working sandbox: the change is only suggested");
      return {};
    }
    if (const std::string failures = FailedGates(event.report); !failures.empty()) {
      if (state().author == Author::kModel && Repair(failures)) return {};
      End(ImprovementStatus::kFailed, EndReason::kGatesFailed, failures);
      return {};
    }
    if (event.report.quality < policy_.quality_min) {
      End(ImprovementStatus::kFailed, EndReason::kQualityTooLow,
          fmt::format("quality {:.3f} is below {:.3f}", event.report.quality, policy_.quality_min));
      return {};
    }
    AfterGates(event.report);
    return {};
  }

  Status On(const Approved& event) {
    TRY_STATUS(Expect({ImprovementStatus::kAwaitingApproval}));
    if (state().approval) return Fail(ErrorCode::kConflict, "it is approved already");
    const bool system_wide = state().opportunity.reach == Reach::kSystemWide;
    const Role needed = system_wide ? Role::kMetaOrchestrator : Role::kOperator;
    if (event.role < needed) {
      return Fail(ErrorCode::kPermissionDenied,
                  fmt::format("{} may not approve it: a {} change needs a key with the role {}",
                              event.by, system_wide ? "system-wide" : "tenant's", Name(needed)));
    }
    Approve(event.by);
    return {};
  }

  Status On(const Rejected& event) {
    TRY_STATUS(Expect({ImprovementStatus::kAwaitingApproval, ImprovementStatus::kQueued}));
    actor_ = event.by;
    End(ImprovementStatus::kRejected, event.end,
        event.why.empty() ? "rejected by " + event.by : event.why);
    return {};
  }

  Status On(const DeployAdmitted&) {
    TRY_STATUS(Expect({ImprovementStatus::kAwaitingApproval}));
    if (!state().approval) return Fail(ErrorCode::kConflict, "it is not approved");
    MoveTo(ImprovementStatus::kDeploying);
    Ask(EffectKind::kMeasureBaseline, state().baseline_tries + 1);
    return {};
  }

  Status On(const Outdated& event) {
    TRY_STATUS(Expect({ImprovementStatus::kQueued, ImprovementStatus::kGenerating,
                       ImprovementStatus::kValidating, ImprovementStatus::kAwaitingApproval,
                       ImprovementStatus::kDeploying}));
    if (!state().watch.empty()) return Fail(ErrorCode::kConflict, "its watch decides");
    End(ImprovementStatus::kSuperseded, EndReason::kOutdated, event.why);
    return {};
  }

  Status On(const BaselineMeasured& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying}));
    if (event.baseline.operation.requests < policy_.judge.requests_min) {
      if (++state().baseline_tries > policy_.baseline_tries_max) {
        End(ImprovementStatus::kFailed, EndReason::kNoTraffic,
            fmt::format("no traffic to judge by: {} requests since the component last changed, {} "
                        "are needed",
                        event.baseline.operation.requests, policy_.judge.requests_min));
      } else {
        SetTimer(TimerKind::kBaseline, policy_.judge.interval);
      }
      return {};
    }
    const std::optional<Approval>& approval = state().approval;
    const Duration known = event.baseline.window.end - event.baseline.window.begin;
    // A tenth may be missing: services are quiet for an hour, too.
    if (approval && approval->by == kPolicy && known * 10 < policy_.baseline_for_auto * 9) {
      HoldForAPerson(known);
    } else {
      step_.watch = WatchFor(event.baseline);
    }
    return {};
  }

  Status On(const BaselineFailed& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying}));
    End(ImprovementStatus::kFailed, EndReason::kBaselineFailed, "baseline: " + event.reason);
    return {};
  }

  Status On(const Serving& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying, ImprovementStatus::kCanary}));
    const bool first = !state().deployed_at;
    if (first) state().deployed_at = now_;
    MoveTo(event.share < 1 ? ImprovementStatus::kCanary : ImprovementStatus::kMonitoring);
    const std::optional<Approval>& approval = state().approval;
    if (first)
      Audit("improvement.deployed", {{"previous_version", state().tree_before},
                                     {"new_version", state().tree_after},
                                     {"share", event.share},
                                     {"approved_by", approval ? approval->by : ""},
                                     {"watch", state().watch.value}});
    return {};
  }

  Status On(const Undoing& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying, ImprovementStatus::kCanary,
                       ImprovementStatus::kMonitoring, ImprovementStatus::kCompleted}));
    MoveTo(ImprovementStatus::kRollingBack);
    state().ended_at.reset();
    state().end = event.reason;
    state().reason = event.explanation;
    return {};
  }

  Status On(const WatchEnded& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying, ImprovementStatus::kCanary,
                       ImprovementStatus::kMonitoring, ImprovementStatus::kRollingBack}));
    gain_seen_ = -50 * (event.verdict.gain_low + event.verdict.gain_high);
    switch (event.end) {
      case WatchEnd::kKept:
        End(ImprovementStatus::kCompleted, event.reason, event.explanation);
        return {};
      case WatchEnd::kTakenBack:
        End(ImprovementStatus::kRolledBack, event.reason, event.explanation,
            {{"reason", Name(event.reason)},
             {"explanation", event.explanation},
             {"degradation_percentage", event.verdict.degradation * 100},
             {"previous_version", state().tree_after},
             {"new_version", state().tree_before}});
        return {};
      case WatchEnd::kChangedByOthers:
        End(ImprovementStatus::kSuperseded, event.reason, event.explanation);
        return {};
      case WatchEnd::kNeverDeployed:
        End(event.reason == EndReason::kOutdated ? ImprovementStatus::kSuperseded
                                                 : ImprovementStatus::kFailed,
            event.reason, event.explanation);
        return {};
    }
    return {};
  }

  Status On(const TimerFired& event) {
    switch (event.kind) {
      case TimerKind::kApprovalExpiry:
        TRY_STATUS(Expect({ImprovementStatus::kAwaitingApproval}));
        if (state().approval) return Fail(ErrorCode::kConflict, "it was approved in time");
        End(ImprovementStatus::kExpired, EndReason::kApprovalExpired,
            "no approval within " + FormatDuration(policy_.approval_ttl));
        return {};
      case TimerKind::kBaseline:
        TRY_STATUS(Expect({ImprovementStatus::kDeploying}));
        Ask(EffectKind::kMeasureBaseline, state().baseline_tries + 1);
        return {};
      default:
        break;
    }
    return Fail(ErrorCode::kConflict, "no such timer of an improvement");
  }

  ImprovementStep Take() { return std::move(step_); }

 private:
  Improvement& state() { return step_.state; }
  Status Expect(std::initializer_list<ImprovementStatus> statuses) {
    if (std::ranges::find(statuses, state().status) != statuses.end()) return {};
    return Fail(ErrorCode::kConflict,
                fmt::format("improvement {} is {}", state().id.value, Name(state().status)));
  }

  void MoveTo(ImprovementStatus status) {
    state().status = status;
    state().changed_at = now_;
  }

  void End(ImprovementStatus status, EndReason end, const std::string& reason,
           Json details = Json::object()) {
    MoveTo(status);
    state().end = end;
    state().reason = reason;
    state().ended_at = now_;
    step_.timers_set.clear();
    step_.timers_cleared = {TimerKind::kApprovalExpiry, TimerKind::kBaseline};
    details.emplace("reason", Name(end));
    details.emplace("explanation", reason);
    Audit(fmt::format("improvement.{}", Name(status)), details);
    step_.outcome = OutcomeNow();
  }

  Outcome OutcomeNow() {
    const Opportunity& of = state().opportunity;
    Outcome outcome{.improvement = state().id,
                    .at = now_,
                    .reason = state().end,
                    .kind = of.kind,
                    .tenant = of.tenant,
                    .component = of.component,
                    .operation = of.operation,
                    .author = state().author,
                    .author_name = state().author_name,
                    .version_before = state().tree_before,
                    .version_after = state().tree_after,
                    .llm_tokens = state().llm_tokens,
                    .llm_cost_usd = state().llm_cost_usd,
                    .predicted_gain_pct = of.gain_pct.value,
                    .actual_gain_pct = gain_seen_,
                    .kept = state().end == EndReason::kKept};
    for (const GateResult& gate : state().validation.gates)
      for (const Finding& finding : gate.findings) outcome.failed.push_back(finding.rule);
    return outcome;
  }

  void Ask(EffectKind kind, int ordinal) {
    step_.effects.push_back(
        Effect{.key = EffectKey(fmt::format("{}/{}/{}", state().id.value, Name(kind), ordinal)),
               .kind = kind,
               .subject = state().id.value});
  }

  void SetTimer(TimerKind kind, Duration after) {
    step_.timers_set.push_back(Timer{state().id.value, kind, now_ + after});
  }

  void Audit(std::string action, const Json& details) {
    step_.audit.push_back(
        AuditDraft{.actor = actor_, .action = std::move(action), .details = ToText(details)});
  }

  void Tell(AlertSeverity severity, std::string title, std::string text) {
    step_.alerts.push_back(Alert{.severity = severity,
                                 .tenant = state().opportunity.tenant,
                                 .component = state().opportunity.component,
                                 .improvement = state().id,
                                 .title = std::move(title),
                                 .text = std::move(text),
                                 .at = now_});
  }

  void Spend(std::uint64_t tokens, double cost_usd) {
    state().llm_tokens += tokens;
    state().llm_cost_usd += cost_usd;
  }

  bool Repair(const std::string& error) {
    if (state().round >= policy_.rounds_max) return false;
    ++state().round;
    state().repair_error = error;
    MoveTo(ImprovementStatus::kGenerating);
    Ask(EffectKind::kGenerate, state().round);
    Audit("improvement.repair", {{"round", state().round}, {"error", error}});
    return true;
  }

  static std::string FailedGates(const ValidationReport& report) {
    std::string text;
    for (const GateResult& gate : report.gates) {
      if (gate.outcome == GateOutcome::kPassed) continue;
      text += fmt::format("{}gate {} {}", text.empty() ? "" : "; ", gate.gate, Name(gate.outcome));
      for (const Finding& finding : gate.findings) {
        text += fmt::format("\n  {}:{}: {}: {}", finding.file, finding.line, finding.rule,
                            finding.message);
      }
    }
    return text;
  }

  void AfterGates(const ValidationReport& report) {
    if (policy_.autonomy <= Autonomy::kSuggest) {
      End(ImprovementStatus::kSuggested, EndReason::kSuggestOnly,
          "all gates passed; autonomy is " + std::string(Name(policy_.autonomy)));
      return;
    }
    MoveTo(ImprovementStatus::kAwaitingApproval);
    const bool by_itself = policy_.autonomy == Autonomy::kAuto &&
                           state().author == Author::kRecipe && report.risk <= policy_.risk_max &&
                           state().opportunity.reach == Reach::kTenant;
    if (by_itself) {
      Approve(kPolicy);
      return;
    }
    WaitForApproval("");
  }

  void WaitForApproval(const std::string& why) {
    SetTimer(TimerKind::kApprovalExpiry, policy_.approval_ttl);
    Tell(AlertSeverity::kInfo, "approval needed",
         fmt::format("improvement {} ({}) waits for approval{}", state().id.value, state().summary,
                     why));
  }

  // There is no control group, so a change that approved itself needs a whole day to compare with.
  void HoldForAPerson(Duration known) {
    ++state().baseline_tries;
    state().approval.reset();
    MoveTo(ImprovementStatus::kAwaitingApproval);
    const std::string why =
        fmt::format(": its baseline is {} long, and {} are needed to deploy it without a person",
                    FormatDuration(known), FormatDuration(policy_.baseline_for_auto));
    Audit("improvement.held", {{"reason", "baseline" + why}});
    WaitForApproval(why);
  }

  // What is deployed is judged by the policy of now, whatever is configured later.
  Watch WatchFor(const Baseline& baseline) {
    const Opportunity& of = state().opportunity;
    Watch watch{.target = state().target,
                .improvement = state().id,
                .tenant = of.tenant,
                .reach = of.reach,
                .operation = of.operation,
                .promise = of.kind,
                .version_before = state().tree_before,
                .version_after = state().tree_after,
                .policy = {.judge = policy_.judge,
                           .undo_tries_before_freeze = policy_.rollback_tries_before_freeze,
                           .undo_retry = policy_.rollback_retry,
                           .undo_retry_frozen = policy_.rollback_retry_frozen},
                .steps = policy_.canary,
                .baseline = baseline};
    watch.steps.push_back({});
    return watch;
  }

  void Approve(const std::string& by) {
    actor_ = by;
    state().approval = Approval{by, now_};
    state().changed_at = now_;
    step_.timers_cleared.push_back(TimerKind::kApprovalExpiry);
    Audit("improvement.approved", {{"by", by}, {"risk", state().validation.risk}});
    actor_ = "ratchet";
  }

  const ImprovementPolicy& policy_;
  Instant now_;
  ImprovementStep step_;
  std::string actor_ = "ratchet";
  double gain_seen_ = 0;  // percent; of the watch that ended
};

}  // namespace

Result<ImprovementStep> Advance(const Improvement& state, const ImprovementEvent& event,
                                const ImprovementPolicy& policy, Instant now) {
  Stepper stepper(state, policy, now);
  TRY_STATUS(std::visit([&](const auto& e) { return stepper.On(e); }, event));
  ImprovementStep step = stepper.Take();
  if (const std::string broken = BrokenInvariant(step.state); !broken.empty())
    return Fail(ErrorCode::kInternal, fmt::format("improvement {}: {}", state.id.value, broken));
  return step;
}

std::string BrokenInvariant(const Improvement& improvement) {
  const ImprovementStatus status = improvement.status;
  if (improvement.id.empty() || improvement.opportunity.component.empty())
    return "it has no id or no component";
  if (IsTerminal(status) != improvement.ended_at.has_value()) return "its end has no time";
  if (IsTerminal(status) && improvement.end == EndReason::kNone) return "it ended for no reason";
  const bool served = status == ImprovementStatus::kCanary ||
                      status == ImprovementStatus::kMonitoring ||
                      status == ImprovementStatus::kCompleted;
  if (served && (!improvement.deployed_at || !improvement.approval || improvement.watch.empty()))
    return "it serves without approval, deployment or watch";
  const bool changed = status == ImprovementStatus::kValidating ||
                       status == ImprovementStatus::kAwaitingApproval || OccupiesComponent(status);
  if (changed && improvement.tree_after.empty()) return "it has no change";
  return "";
}

}  // namespace ratchet::cycle
