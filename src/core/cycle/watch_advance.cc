#include "core/cycle/watch_advance.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/model/names.h"
#include "core/model/serialize.h"
#include "core/monitoring/judge.h"

namespace ratchet::cycle {
namespace {

using Json = nlohmann::json;

std::string Named(const Watch& watch) {
  return watch.improvement.empty() ? watch.id.value : watch.improvement.value;
}

// Carries one step while the event is handled; each handler below is one row of the state table.
class Stepper {
 public:
  Stepper(const Watch& state, Instant now) : now_(now) { step_.state = state; }

  void Open() {
    state().status = WatchStatus::kDeploying;
    state().created_at = state().changed_at = now_;
    AskDeed(EffectKind::kDeploy, 1);
  }

  Status On(const Deployed&) {
    TRY_STATUS(Expect({WatchStatus::kDeploying}));
    state().deployed_at = now_;
    step_.expected_version = state().version_after;
    Serve(0);
    return {};
  }

  Status On(const DeployFailed& event) {
    TRY_STATUS(Expect({WatchStatus::kDeploying}));
    if (event.touched == Touched::kYes) {
      Undo(EndReason::kDeploymentFailed, event.reason);
    } else {
      End(WatchEnd::kNeverDeployed, EndReason::kDeploymentFailed, "deployment: " + event.reason);
    }
    return {};
  }

  Status On(const ReleasedBefore&) {
    TRY_STATUS(Expect({WatchStatus::kDeploying}));
    End(WatchEnd::kNeverDeployed, EndReason::kOutdated,
        "the component changed after this change was made for it; the next cycle looks again");
    return {};
  }

  Status On(const Withdrawn& event) {
    TRY_STATUS(Expect({WatchStatus::kDeploying}));
    Undo(EndReason::kOutdated, event.why);
    return {};
  }

  Status On(const Promoted&) {
    TRY_STATUS(Expect({WatchStatus::kPromoting}));
    step_.expected_version = state().version_after;  // its share before is no baseline either
    Serve(state().step + 1);
    Audit("promoted", {{"new_version", state().version_after}, {"share", Share()}});
    return {};
  }

  // What could not be promoted is in place, whatever became of the attempt.
  Status On(const PromoteFailed& event) {
    TRY_STATUS(Expect({WatchStatus::kPromoting}));
    Undo(EndReason::kDeploymentFailed, event.reason);
    return {};
  }

  Status On(const TreeChangedByOthers& event) {
    TRY_STATUS(Expect({WatchStatus::kDeploying, WatchStatus::kWatching, WatchStatus::kPromoting,
                       WatchStatus::kUndoing}));
    std::string text = fmt::format(
        "component {} was changed by somebody else (tree {:.12}, expected {:.12} or {:.12}): "
        "nothing was overwritten, the component is frozen until it is released by hand",
        Name(state().target), event.seen_tree, state().version_before, state().version_after);
    // Others build on it now: it is theirs to keep or to take out, and they must know.
    if (!event.left.empty())
      text += fmt::format("; what this improvement wrote still stands, unwatched, in {}",
                          Join(event.left, ", "));
    step_.freeze = text;
    Tell(event.left.empty() ? AlertSeverity::kHigh : AlertSeverity::kCritical,
         "component changed by others", text);
    End(WatchEnd::kChangedByOthers, EndReason::kChangedByOthers, text);
    return {};
  }

  Status On(const LookTaken& event) {
    TRY_STATUS(Expect({WatchStatus::kWatching}));
    const monitoring::Judge judge(PolicyOfStep());
    Look look = event.look;
    look.degradation = judge.LookDegradation(state().baseline, look);
    state().looks.push_back(look);
    ++state().looks_taken;
    step_.look = look;
    step_.look_step = state().step;
    state().verdict =
        judge.Decide(state().promise, state().baseline, state().looks, state().step_since);
    AuditLook(look);
    Decide(state().verdict.verdict);
    return {};
  }

  // A look that could not be taken says nothing of the change; the next one is due as usual, and
  // the watch cannot end in "keep" without enough looks.
  Status On(const LookFailed&) {
    TRY_STATUS(Expect({WatchStatus::kWatching}));
    if (now_ - state().step_since > PolicyOfStep().duration * 3) {
      Undo(EndReason::kNotSeen, "the watch could not see the service");
    } else {
      SetTimer(TimerKind::kLook, state().policy.judge.interval);
    }
    return {};
  }

  Status On(const RolledBack&) {
    TRY_STATUS(Expect({WatchStatus::kUndoing}));
    step_.expected_version = state().version_before;
    if (state().verdict.verdict == Verdict::kKeep) step_.loss_kept = -state().verdict.loss;
    Tell(AlertSeverity::kHigh, "improvement taken back", state().explanation);
    if (state().undo_tries > state().policy.undo_tries_before_freeze) {
      step_.freeze = fmt::format(
          "{} was taken back at try {}; once it is clear why not before, `ratchet resume "
          "--component {}` releases it",
          Named(state()), state().undo_tries, state().target.component.value);
    }
    End(WatchEnd::kTakenBack, state().reason, state().explanation);
    return {};
  }

  Status On(const RollbackFailed& event) {
    TRY_STATUS(Expect({WatchStatus::kUndoing}));
    Audit("rollback_failed", {{"reason", event.reason}, {"tries", state().undo_tries}});
    const WatchPolicy& policy = state().policy;
    if (state().undo_tries == policy.undo_tries_before_freeze) {
      const std::string text = fmt::format(
          "the rollback of {} failed {} times and is tried again every {}: {}", Named(state()),
          state().undo_tries, FormatDuration(policy.undo_retry_frozen), event.reason);
      step_.freeze = text;
      Tell(AlertSeverity::kCritical, "rollback keeps failing", text);
    }
    const bool frozen = state().undo_tries >= policy.undo_tries_before_freeze;
    SetTimer(TimerKind::kRollbackRetry, frozen ? policy.undo_retry_frozen : policy.undo_retry);
    return {};
  }

  Status On(const UndoRequested& event) {
    const bool kept = state().status == WatchStatus::kEnded && state().end == WatchEnd::kKept;
    if (!kept) TRY_STATUS(Expect({WatchStatus::kWatching, WatchStatus::kPromoting}));
    actor_ = event.by;
    Undo(EndReason::kRequested, "by " + event.by);
    return {};
  }

  Status On(const TimerFired& event) {
    if (event.kind == TimerKind::kLook) {
      TRY_STATUS(Expect({WatchStatus::kWatching}));
      Ask(EffectKind::kLook, state().looks_taken + 1);
      return {};
    }
    if (event.kind == TimerKind::kRollbackRetry) {
      TRY_STATUS(Expect({WatchStatus::kUndoing}));
      ++state().undo_tries;
      AskDeed(EffectKind::kRollBack, state().undo_tries);
      return {};
    }
    return Fail(ErrorCode::kConflict, "no such timer of a watch");
  }

  WatchStep Take() { return std::move(step_); }

 private:
  Watch& state() { return step_.state; }
  double Share() { return state().steps.at(static_cast<size_t>(state().step)).share; }

  Status Expect(std::initializer_list<WatchStatus> statuses) {
    if (std::ranges::find(statuses, state().status) != statuses.end()) return {};
    return Fail(ErrorCode::kConflict,
                fmt::format("watch {} is {}", state().id.value, Name(state().status)));
  }

  // A step before the last is judged like a watch of its own length.
  JudgePolicy PolicyOfStep() {
    JudgePolicy policy = state().policy.judge;
    if (!state().LastStep())
      policy.duration = state().steps.at(static_cast<size_t>(state().step)).duration;
    return policy;
  }

  // Looks of another share say nothing of this one.
  void Serve(int step) {
    MoveTo(WatchStatus::kWatching);
    state().step = step;
    state().step_since = now_;
    state().looks.clear();
    SetTimer(TimerKind::kLook, state().policy.judge.interval);
    step_.signal = Serving{Share()};
  }

  void Decide(Verdict verdict) {
    switch (verdict) {
      case Verdict::kRollBack:
        return Undo(EndReason::kDegraded, state().verdict.explanation);
      case Verdict::kInconclusive:
        return Undo(EndReason::kInconclusive, state().verdict.explanation);
      case Verdict::kNoEffect:
        if (!state().LastStep()) return Promote();
        return Undo(EndReason::kNoEffect, state().verdict.explanation);
      case Verdict::kKeep:
        if (!state().LastStep()) return Promote();
        return Keep();
      case Verdict::kContinue:
        return SetTimer(TimerKind::kLook, state().policy.judge.interval);
    }
  }

  void Promote() {
    MoveTo(WatchStatus::kPromoting);
    AskDeed(EffectKind::kPromote, state().step + 1);
  }

  void Keep() {
    step_.loss_kept = state().verdict.loss;
    Tell(AlertSeverity::kInfo, "improvement kept", state().verdict.explanation);
    End(WatchEnd::kKept, EndReason::kKept, state().verdict.explanation);
  }

  void Undo(EndReason reason, const std::string& why) {
    MoveTo(WatchStatus::kUndoing);
    state().ended_at.reset();
    state().reason = reason;
    state().explanation = fmt::format("{}: {}", Name(reason), why);
    state().undo_tries = 1;
    step_.timers_set.clear();
    step_.timers_cleared = {TimerKind::kLook, TimerKind::kRollbackRetry};
    AskDeed(EffectKind::kRollBack, 1);
    step_.signal = Undoing{reason, state().explanation};
    Audit("rolling_back", {{"reason", Name(reason)}, {"explanation", why}});
  }

  void End(WatchEnd end, EndReason reason, const std::string& explanation) {
    MoveTo(WatchStatus::kEnded);
    state().end = end;
    state().reason = reason;
    state().explanation = explanation;
    state().ended_at = now_;
    step_.timers_set.clear();
    step_.timers_cleared = {TimerKind::kLook, TimerKind::kRollbackRetry};
    step_.signal = WatchEnded{end, reason, explanation, state().verdict};
  }

  void MoveTo(WatchStatus status) {
    state().status = status;
    state().changed_at = now_;
  }

  void Ask(EffectKind kind, int ordinal) {
    step_.effects.push_back(
        Effect{.key = EffectKey(fmt::format("{}/{}/{}", state().id.value, Name(kind), ordinal)),
               .kind = kind,
               .subject = state().id.value});
  }

  // Every deed on a target has a higher fence than the one before: a late older one is refused.
  void AskDeed(EffectKind kind, int ordinal) {
    ++state().fence;
    Ask(kind, ordinal);
  }

  void SetTimer(TimerKind kind, Duration after) {
    step_.timers_set.push_back(Timer{state().id.value, kind, now_ + after});
  }

  void Audit(const std::string& action, const Json& details) {
    const char* const subject = state().improvement.empty() ? "watch" : "improvement";
    step_.audit.push_back(AuditDraft{.actor = actor_,
                                     .action = fmt::format("{}.{}", subject, action),
                                     .details = ToText(details)});
  }

  void AuditLook(const Look& look) {
    Audit("look", {{"look", state().looks_taken},
                   {"share", Share()},
                   {"degradation", look.degradation},
                   {"threshold", state().policy.judge.degradation_threshold},
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
                                 .tenant = state().tenant,
                                 .component = state().target.component,
                                 .improvement = state().improvement,
                                 .title = std::move(title),
                                 .text = std::move(text),
                                 .at = now_});
  }

  Instant now_;
  WatchStep step_;
  std::string actor_ = "ratchet";
};

}  // namespace

WatchStep OpenWatch(const Watch& watch, Instant now) {
  Stepper stepper(watch, now);
  stepper.Open();
  return stepper.Take();
}

Result<WatchStep> AdvanceWatch(const Watch& state, const WatchEvent& event, Instant now) {
  Stepper stepper(state, now);
  TRY_STATUS(std::visit([&](const auto& e) { return stepper.On(e); }, event));
  WatchStep step = stepper.Take();
  if (const std::string broken = BrokenInvariant(step.state); !broken.empty())
    return Fail(ErrorCode::kInternal, fmt::format("watch {}: {}", state.id.value, broken));
  return step;
}

std::string BrokenInvariant(const Watch& watch) {
  using enum WatchStatus;
  const auto steps = static_cast<int>(watch.steps.size());
  if (watch.id.empty() || watch.target.component.empty()) return "it has no id or no target";
  if (steps == 0 || watch.steps.back().share != 1) return "its last step does not serve everybody";
  if (!std::ranges::is_sorted(watch.steps, {}, &CanaryStep::share)) return "its shares fall";
  if (watch.steps.front().share <= 0) return "a step serves nobody";
  if (watch.step < 0 || watch.step >= steps) return "its step does not exist";
  if (watch.version_before == watch.version_after) return "it replaces a version by itself";
  const bool served = watch.status == kWatching || watch.status == kPromoting;
  if (served && !watch.deployed_at) return "it watches what was never deployed";
  if (watch.status == kPromoting && watch.LastStep()) return "everybody is served already";
  if (watch.status == kUndoing && watch.undo_tries < 1) return "its rollback was never asked for";
  if (watch.status == kUndoing && watch.reason == EndReason::kNone)
    return "it is undone for no reason";
  if ((watch.status == kEnded) != watch.ended_at.has_value()) return "its end has no time";
  if (watch.status == kEnded && watch.end == WatchEnd::kKept && !watch.LastStep())
    return "it was kept before everybody was served";
  if (static_cast<int>(watch.looks.size()) > watch.looks_taken) return "it has looks too many";
  return "";
}

Wanted WantedBy(const Watch& watch) {
  Wanted wanted{.target = watch.target, .fence = watch.fence};
  const bool undo = watch.status == WatchStatus::kUndoing;
  wanted.version = undo ? watch.version_before : watch.version_after;
  if (undo) return wanted;
  const int step = watch.status == WatchStatus::kPromoting ? watch.step + 1 : watch.step;
  wanted.share = watch.steps.at(static_cast<size_t>(step)).share;
  return wanted;
}

}  // namespace ratchet::cycle
