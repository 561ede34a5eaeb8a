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

constexpr auto kEffectNames = std::to_array<std::string_view>(
    {"analyse", "generate", "validate", "measure_baseline", "deploy", "promote", "look",
     "roll_back", "rehearse", "notify", "publish"});
constexpr auto kTimerNames = std::to_array<std::string_view>(
    {"look", "approval_expiry", "rollback_retry", "schedule", "baseline", "rehearsal", "delivery"});

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
    End(ImprovementStatus::kFailed, event.reason);
    return {};
  }

  Status On(const Validated& event) {
    TRY_STATUS(Expect({ImprovementStatus::kValidating}));
    state().validation = event.report;
    Audit("improvement.validated", ToJson(event.report));
    if (!event.report.sandbox_worked) {
      End(ImprovementStatus::kSuggested, "no working sandbox: the change is only suggested");
      return {};
    }
    if (const std::string failures = FailedGates(event.report); !failures.empty()) {
      if (state().author == Author::kModel && Repair(failures)) return {};
      End(ImprovementStatus::kFailed, failures);
      return {};
    }
    if (event.report.quality < policy_.quality_min) {
      End(ImprovementStatus::kFailed,
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
    End(ImprovementStatus::kRejected, event.why.empty() ? "rejected by " + event.by : event.why);
    return {};
  }

  Status On(const DeployAdmitted&) {
    TRY_STATUS(Expect({ImprovementStatus::kAwaitingApproval}));
    if (!state().approval) return Fail(ErrorCode::kConflict, "it is not approved");
    MoveTo(ImprovementStatus::kDeploying);
    Ask(EffectKind::kMeasureBaseline, state().baseline_tries + 1);
    return {};
  }

  Status On(const Outdated&) {
    TRY_STATUS(Expect({ImprovementStatus::kAwaitingApproval, ImprovementStatus::kDeploying}));
    End(ImprovementStatus::kSuperseded,
        "the component changed after this change was made for it; the next cycle looks again");
    return {};
  }

  Status On(const BaselineMeasured& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying}));
    if (event.baseline.operation.requests < policy_.judge.requests_min) {
      if (++state().baseline_tries > policy_.baseline_tries_max) {
        End(ImprovementStatus::kFailed,
            fmt::format("no traffic to judge by: {} requests since the component last changed, {} "
                        "are needed",
                        event.baseline.operation.requests, policy_.judge.requests_min));
      } else {
        SetTimer(TimerKind::kBaseline, policy_.judge.interval);
      }
      return {};
    }
    state().baseline = event.baseline;
    const std::optional<Approval>& approval = state().approval;
    const Duration known = event.baseline.window.end - event.baseline.window.begin;
    // A tenth may be missing: services are quiet for an hour, too.
    if (approval && approval->by == kPolicy && known * 10 < policy_.baseline_for_auto * 9) {
      HoldForAPerson(known);
    } else {
      Ask(EffectKind::kDeploy, 1);
    }
    return {};
  }

  Status On(const BaselineFailed& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying}));
    End(ImprovementStatus::kFailed, "baseline: " + event.reason);
    return {};
  }

  Status On(const Deployed& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying, ImprovementStatus::kCanary}));
    const bool promoted = state().status == ImprovementStatus::kCanary;
    if (promoted && event.share < 1) return Fail(ErrorCode::kConflict, "it is a canary already");
    state().deployed_at = now_;
    state().looks.clear();  // a canary's looks were of a share of the traffic
    step_.expected_tree = state().tree_after;
    MoveTo(event.share < 1 ? ImprovementStatus::kCanary : ImprovementStatus::kMonitoring);
    SetTimer(TimerKind::kLook, policy_.judge.interval);
    const std::optional<Approval>& approval = state().approval;
    Audit(promoted ? "improvement.promoted" : "improvement.deployed",
          {{"previous_version", state().tree_before},
           {"new_version", state().tree_after},
           {"share", event.share},
           {"approved_by", approval ? approval->by : ""},
           {"baseline", ToJson(state().baseline)}});
    return {};
  }

  Status On(const DeployFailed& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying, ImprovementStatus::kCanary}));
    // A canary that cannot be promoted is in place, whatever became of the attempt.
    if (event.touched == Touched::kYes || state().status == ImprovementStatus::kCanary) {
      StartRollback("deployment_failed", event.reason);
    } else {
      End(ImprovementStatus::kFailed, "deployment: " + event.reason);
    }
    return {};
  }

  Status On(const TreeChangedByOthers& event) {
    TRY_STATUS(Expect({ImprovementStatus::kDeploying, ImprovementStatus::kCanary,
                       ImprovementStatus::kMonitoring, ImprovementStatus::kRollingBack}));
    std::string text = fmt::format(
        "component {} was changed by somebody else (tree {:.12}, expected {:.12} or {:.12}): "
        "nothing was overwritten, the component is frozen until it is released by hand",
        state().opportunity.component.value, event.seen_tree, state().tree_before,
        state().tree_after);
    // Others build on it now: it is theirs to keep or to take out, and they must know.
    if (!event.left.empty())
      text += fmt::format("; what this improvement wrote still stands, unwatched, in {}",
                          Join(event.left, ", "));
    step_.freeze_component = text;
    Tell(event.left.empty() ? AlertSeverity::kHigh : AlertSeverity::kCritical,
         "component changed by others", text);
    End(ImprovementStatus::kSuperseded, text);
    return {};
  }

  Status On(const LookTaken& event) {
    TRY_STATUS(Expect({ImprovementStatus::kCanary, ImprovementStatus::kMonitoring}));
    const monitoring::Judge judge(policy_.judge);
    Look look = event.look;
    look.degradation = judge.LookDegradation(state().baseline, look);
    state().looks.push_back(look);
    state().verdict =
        judge.Decide(state().opportunity.kind, state().baseline, state().looks, DeployedAt());
    AuditLook(look);
    switch (state().verdict.verdict) {
      case Verdict::kRollBack:
        StartRollback("performance_degradation", state().verdict.explanation);
        return {};
      case Verdict::kNoEffect:
      case Verdict::kInconclusive:
        StartRollback(std::string(Name(state().verdict.verdict)), state().verdict.explanation);
        return {};
      case Verdict::kKeep:
        Keep();
        return {};
      case Verdict::kContinue:
        break;
    }
    const bool canary_over = state().status == ImprovementStatus::kCanary &&
                             now_ - DeployedAt() >= policy_.canary_duration;
    if (canary_over) {
      Ask(EffectKind::kPromote, 1);
    } else {
      SetTimer(TimerKind::kLook, policy_.judge.interval);
    }
    return {};
  }

  // A look that could not be taken says nothing of the change; the next one is due as usual, and
  // the watch cannot end in "keep" without enough looks.
  Status On(const LookFailed&) {
    TRY_STATUS(Expect({ImprovementStatus::kCanary, ImprovementStatus::kMonitoring}));
    if (now_ - DeployedAt() > policy_.judge.duration * 3) {
      StartRollback("inconclusive", "the watch could not see the service");
      return {};
    }
    SetTimer(TimerKind::kLook, policy_.judge.interval);
    return {};
  }

  Status On(const RolledBack&) {
    TRY_STATUS(Expect({ImprovementStatus::kRollingBack}));
    step_.expected_tree = state().tree_before;
    if (state().verdict.verdict == Verdict::kKeep) step_.loss_kept = -state().verdict.loss;
    const std::string explanation = state().reason;
    Tell(AlertSeverity::kHigh, "improvement taken back", explanation);
    if (state().rollbacks_tried > policy_.rollback_tries_before_freeze) {
      step_.freeze_component = fmt::format(
          "{} was taken back at try {}; once it is clear why not before, `ratchet resume "
          "--component {}` releases it",
          state().id.value, state().rollbacks_tried, state().opportunity.component.value);
    }
    End(ImprovementStatus::kRolledBack, explanation,
        {{"reason", explanation.substr(0, explanation.find(':'))},
         {"explanation", explanation},
         {"degradation_percentage", state().verdict.degradation * 100},
         {"previous_version", state().tree_after},
         {"new_version", state().tree_before}});
    return {};
  }

  Status On(const RollbackFailed& event) {
    TRY_STATUS(Expect({ImprovementStatus::kRollingBack}));
    Audit("improvement.rollback_failed",
          {{"reason", event.reason}, {"tries", state().rollbacks_tried}});
    const bool frozen = state().rollbacks_tried >= policy_.rollback_tries_before_freeze;
    if (state().rollbacks_tried == policy_.rollback_tries_before_freeze) {
      const std::string text = fmt::format(
          "the rollback of {} failed {} times and is tried again every {}: {}", state().id.value,
          state().rollbacks_tried, FormatDuration(policy_.rollback_retry_frozen), event.reason);
      step_.freeze_component = text;
      Tell(AlertSeverity::kCritical, "rollback keeps failing", text);
    }
    SetTimer(TimerKind::kRollbackRetry,
             frozen ? policy_.rollback_retry_frozen : policy_.rollback_retry);
    return {};
  }

  Status On(const RollbackRequested& event) {
    TRY_STATUS(Expect({ImprovementStatus::kCanary, ImprovementStatus::kMonitoring,
                       ImprovementStatus::kCompleted}));
    actor_ = event.by;
    StartRollback("requested", "by " + event.by);
    return {};
  }

  Status On(const TimerFired& event) {
    switch (event.kind) {
      case TimerKind::kLook:
        TRY_STATUS(Expect({ImprovementStatus::kCanary, ImprovementStatus::kMonitoring}));
        Ask(EffectKind::kLook, static_cast<int>(state().looks.size()) + 1);
        return {};
      case TimerKind::kApprovalExpiry:
        TRY_STATUS(Expect({ImprovementStatus::kAwaitingApproval}));
        if (state().approval) return Fail(ErrorCode::kConflict, "it was approved in time");
        End(ImprovementStatus::kExpired,
            "no approval within " + FormatDuration(policy_.approval_ttl));
        return {};
      case TimerKind::kRollbackRetry:
        TRY_STATUS(Expect({ImprovementStatus::kRollingBack}));
        ++state().rollbacks_tried;
        Ask(EffectKind::kRollBack, state().rollbacks_tried);
        return {};
      case TimerKind::kBaseline:
        TRY_STATUS(Expect({ImprovementStatus::kDeploying}));
        Ask(EffectKind::kMeasureBaseline, state().baseline_tries + 1);
        return {};
      case TimerKind::kSchedule:
      case TimerKind::kRehearsal:
      case TimerKind::kDelivery:
        break;
    }
    return Fail(ErrorCode::kConflict, "no such timer of an improvement");
  }

  ImprovementStep Take() { return std::move(step_); }

 private:
  Improvement& state() { return step_.state; }
  Instant DeployedAt() {
    const std::optional<Instant>& at = state().deployed_at;
    CHECK(at.has_value(), "what is watched was deployed");
    return *at;
  }

  Status Expect(std::initializer_list<ImprovementStatus> statuses) {
    if (std::ranges::find(statuses, state().status) != statuses.end()) return {};
    return Fail(ErrorCode::kConflict,
                fmt::format("improvement {} is {}", state().id.value, Name(state().status)));
  }

  void MoveTo(ImprovementStatus status) {
    state().status = status;
    state().changed_at = now_;
  }

  void End(ImprovementStatus status, const std::string& reason, Json details = Json::object()) {
    MoveTo(status);
    state().reason = reason;
    state().ended_at = now_;
    step_.timers_set.clear();
    step_.timers_cleared = {TimerKind::kLook, TimerKind::kApprovalExpiry, TimerKind::kRollbackRetry,
                            TimerKind::kBaseline};
    details.emplace("reason", reason);
    Audit(fmt::format("improvement.{}", Name(status)), details);
    const bool judged =
        status == ImprovementStatus::kCompleted || status == ImprovementStatus::kRolledBack;
    if (judged) {
      step_.outcome =
          Outcome{.improvement = state().id,
                  .kind = state().opportunity.kind,
                  .component = state().opportunity.component,
                  .predicted_gain_pct = state().opportunity.gain_pct.value,
                  .actual_gain_pct = -50 * (state().verdict.gain_low + state().verdict.gain_high),
                  .kept = status == ImprovementStatus::kCompleted};
    }
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

  void AuditLook(const Look& look) {
    Audit("improvement.look", {{"look", state().looks.size()},
                               {"degradation", look.degradation},
                               {"threshold", policy_.judge.degradation_threshold},
                               {"p95_ms", look.operation.latency_p95},
                               {"p95_before_ms", state().baseline.operation.latency_p95},
                               {"error_rate", look.operation.error_rate},
                               {"requests", look.operation.requests},
                               {"health", Name(look.health)},
                               {"rule", state().verdict.rule},
                               {"verdict", Name(state().verdict.verdict)},
                               {"explanation", state().verdict.explanation}});
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
      End(ImprovementStatus::kSuggested,
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

  void Approve(const std::string& by) {
    actor_ = by;
    state().approval = Approval{by, now_};
    state().changed_at = now_;
    step_.timers_cleared.push_back(TimerKind::kApprovalExpiry);
    Audit("improvement.approved", {{"by", by}, {"risk", state().validation.risk}});
    actor_ = "ratchet";
  }

  void StartRollback(const std::string& kind, const std::string& why) {
    MoveTo(ImprovementStatus::kRollingBack);
    state().ended_at.reset();
    state().reason = kind + ": " + why;
    state().rollbacks_tried = 1;
    step_.timers_cleared = {TimerKind::kLook, TimerKind::kRollbackRetry};
    Ask(EffectKind::kRollBack, 1);
    Audit("improvement.rolling_back", {{"reason", kind}, {"explanation", why}});
  }

  void Keep() {
    step_.loss_kept = state().verdict.loss;
    Tell(AlertSeverity::kInfo, "improvement kept", state().verdict.explanation);
    End(ImprovementStatus::kCompleted, state().verdict.explanation);
  }

  const ImprovementPolicy& policy_;
  Instant now_;
  ImprovementStep step_;
  std::string actor_ = "ratchet";
};

}  // namespace

std::string_view Name(EffectKind kind) { return kEffectNames[static_cast<size_t>(kind)]; }
std::string_view Name(TimerKind kind) { return kTimerNames[static_cast<size_t>(kind)]; }

std::optional<EffectKind> ParseEffectKind(std::string_view name) {
  const auto at = std::ranges::find(kEffectNames, name);
  if (at == kEffectNames.end()) return std::nullopt;
  return static_cast<EffectKind>(at - kEffectNames.begin());
}

std::optional<TimerKind> ParseTimerKind(std::string_view name) {
  const auto at = std::ranges::find(kTimerNames, name);
  if (at == kTimerNames.end()) return std::nullopt;
  return static_cast<TimerKind>(at - kTimerNames.begin());
}

bool RunsWhileStopped(EffectKind kind) {
  return kind == EffectKind::kLook || kind == EffectKind::kRollBack ||
         kind == EffectKind::kNotify || kind == EffectKind::kPublish;
}

Result<ImprovementStep> Advance(const Improvement& state, const ImprovementEvent& event,
                                const ImprovementPolicy& policy, Instant now) {
  Stepper stepper(state, policy, now);
  TRY_STATUS(std::visit([&](const auto& e) { return stepper.On(e); }, event));
  return stepper.Take();
}

}  // namespace ratchet::cycle
