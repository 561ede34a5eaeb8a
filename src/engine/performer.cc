#include "engine/performer.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/cycle/watch_advance.h"
#include "core/deployment/tree_hash.h"
#include "core/model/serialize.h"

namespace ratchet {
namespace {

using cycle::EffectKind;
using cycle::ImprovementEvent;
using cycle::WatchEvent;

const Improvement& ImprovementOf(const EffectJob& job) {
  CHECK(job.improvement.has_value(), "Perform answers for improvements that have ended");
  return *job.improvement;
}

const Watch& WatchOf(const EffectJob& job) {
  CHECK(job.watch.has_value(), "Perform answers for watches that have ended");
  return *job.watch;
}

const Change& ChangeOf(const EffectJob& job) {
  CHECK(job.change.has_value(), "Perform answers for changes that cannot be read");
  return *job.change;
}

cycle::Validated NotValidated(const std::string& why) {
  ValidationReport report;
  report.sandbox_worked = true;
  report.gates.push_back(
      {.gate = "scope", .outcome = GateOutcome::kFailed, .findings = {{"", 0, "tree", why}}});
  return {report};
}

// Of whose watch, not of whose improvement it is.
bool IsOfWatch(EffectKind kind) {
  return kind == EffectKind::kDeploy || kind == EffectKind::kPromote || kind == EffectKind::kLook ||
         kind == EffectKind::kRollBack;
}

// The plan of the watch's next deed, the right way round.
DeploymentPlan PlanOf(const EffectJob& job) {
  const Watch& watch = WatchOf(job);
  DeploymentPlan plan{.component = watch.component,
                      .wanted = cycle::WantedBy(watch),
                      .expected = watch.version_before,
                      .change = ChangeOf(job),
                      .name = watch.improvement.empty() ? watch.id.value : watch.improvement.value};
  if (watch.status != WatchStatus::kUndoing) return plan;
  plan.expected = watch.version_after;
  plan.change = deployment::Reverse(plan.change);
  return plan;
}

Watched WatchedBy(const Improvement& improvement) {
  const Opportunity& of = improvement.opportunity;
  return {of.component, of.tenant, of.reach, of.operation};
}

}  // namespace

Result<ComponentConfig> Performer::ConfigOf(const ComponentId& id) const {
  const auto at = config_.components.find(id);
  if (at != config_.components.end()) return at->second;
  return Fail(ErrorCode::kNotFound, "no component " + id.value + " is configured");
}

Result<ComponentTree> Performer::ReadTree(const ComponentId& id) {
  TRY(const ComponentConfig component, ConfigOf(id));
  return ports_.tree.Read(component);
}

Answer Performer::Perform(const EffectJob& job) {
  // A deployment looks at the switch itself, behind its look at the tree: what an interrupted
  // attempt left in place must be watched or undone, also now.
  if (job.hold && job.effect.kind != EffectKind::kDeploy && job.hold()) return Held{};
  switch (job.effect.kind) {
    case EffectKind::kAnalyse:
      if (!job.cycle) return Result<AnalysisFound>(Fail(ErrorCode::kInternal, "no cycle"));
      return Analyse(job);
    case EffectKind::kRehearse:
      if (!job.target) return Rehearsed{Fail(ErrorCode::kNotFound, "no such target")};
      return Rehearsed{Rehearse(job.target->component)};
    case EffectKind::kInspect:
      return Inspected{Inspect(ComponentId(job.effect.subject), job.seen)};
    case EffectKind::kNotify: {
      const auto alert = FromJson<Alert>(job.effect.payload);
      if (!alert) return Delivered{std::unexpected(alert.error())};
      return Delivered{ports_.notifier.Send(*alert)};
    }
    case EffectKind::kPublish:
      return Delivered{Publish(job)};
    default:
      break;
  }
  // What ended meanwhile: the answer will not fit its state and changes nothing.
  if (IsOfWatch(job.effect.kind)) {
    if (!job.watch) return cycle::WatchEvent(cycle::LookFailed{"the watch has ended"});
    if (!job.change && !job.watch->improvement.empty())
      return FailureOf(job.effect.kind, "the stored change cannot be read");
  } else if (!job.improvement) {
    return ImprovementEvent(cycle::BaselineFailed{"the improvement has ended"});
  } else if (job.effect.kind == EffectKind::kValidate && !job.change) {
    return FailureOf(job.effect.kind, "the stored change cannot be read");
  }
  switch (job.effect.kind) {
    case EffectKind::kGenerate:
      return Generate(job);
    case EffectKind::kValidate:
      return Validate(job);
    case EffectKind::kMeasureBaseline:
      return MeasureBaseline(job);
    case EffectKind::kDeploy:
      return Deploy(job);
    case EffectKind::kPromote:
      return Promote(job);
    case EffectKind::kLook:
      return Look(job);
    default:
      return RollBack(job);
  }
}

Answer Performer::FailureOf(EffectKind kind, const std::string& reason) {
  switch (kind) {
    case EffectKind::kAnalyse:
      return Result<AnalysisFound>(Fail(ErrorCode::kInternal, reason));
    case EffectKind::kRehearse:
      return Rehearsed{Fail(ErrorCode::kInternal, reason)};
    case EffectKind::kInspect:
      return Inspected{Fail(ErrorCode::kInternal, reason)};
    case EffectKind::kNotify:
    case EffectKind::kPublish:
      return Delivered{Fail(ErrorCode::kInternal, reason)};
    case EffectKind::kGenerate:
      return ImprovementEvent(cycle::GenerationFailed{.reason = reason});
    case EffectKind::kValidate:
      return ImprovementEvent(NotValidated(reason));
    case EffectKind::kMeasureBaseline:
      return ImprovementEvent(cycle::BaselineFailed{reason});
    case EffectKind::kDeploy:  // how far it came is not known: it is undone
      return WatchEvent(cycle::DeployFailed{reason, cycle::Touched::kYes});
    case EffectKind::kPromote:
      return WatchEvent(cycle::PromoteFailed{reason});
    case EffectKind::kLook:
      return WatchEvent(cycle::LookFailed{reason});
    case EffectKind::kRollBack:
      return WatchEvent(cycle::RollbackFailed{reason});
  }
  return Held{};
}

// When the version that is there came: the files know when they were touched, which is later than
// that where the content stayed as it was seen before.
Instant Performer::ChangedAt(const ComponentId& id, const ComponentTree& tree,
                             const std::map<ComponentId, SeenVersion>& seen) {
  const auto known = seen.find(id);
  const bool same = known != seen.end() && known->second.version == tree.hash;
  return same ? std::min(known->second.changed_at, tree.changed_at) : tree.changed_at;
}

Result<SeenVersion> Performer::Inspect(const ComponentId& id,
                                       const std::map<ComponentId, SeenVersion>& seen) {
  TRY(const ComponentTree tree, ReadTree(id));
  return SeenVersion{tree.hash, ChangedAt(id, tree, seen)};
}

Status Performer::Rehearse(const ComponentId& id) {
  TRY(const ComponentConfig component, ConfigOf(id));
  return ports_.deployer.Rehearse(component);
}

// A new file for each state of the audit log: what was signed once is never written over.
Status Performer::Publish(const EffectJob& job) {
  if (!job.account) return Fail(ErrorCode::kUnavailable, "the cycle could not be read");
  const std::string name =
      fmt::format("{}-{}", job.account->cycle.id.value, job.account->head.sequence);
  return ports_.reports.Publish(name, SignedReport(*job.account, ports_.clock.Now()) + "\n");
}

Result<AnalysisFound> Performer::Analyse(const EffectJob& job) {
  CHECK(job.cycle.has_value(), "Perform answers for analyses without a cycle");
  std::map<ComponentId, Instant> changed_at = job.changed_at;
  for (const auto& [id, component] : config_.components) {
    // Releases by others show in the files only; a root that cannot be read is told elsewhere.
    if (const auto tree = ports_.tree.Read(component)) {
      Instant& known = changed_at.try_emplace(id).first->second;
      known = std::max(known, ChangedAt(id, *tree, job.seen));
    }
  }
  return telemetry_.Analyse(*job.cycle, std::move(changed_at));
}

Answer Performer::Generate(const EffectJob& job) {
  const Improvement& improvement = ImprovementOf(job);
  auto tree = ReadTree(improvement.opportunity.component);
  if (!tree) return ImprovementEvent(cycle::GenerationFailed{.reason = tree.error().message});
  const AuthorRequest request{.opportunity = improvement.opportunity,
                              .tree = *tree,
                              .round = improvement.round,
                              .repair_error = improvement.repair_error,
                              .may_spend = job.may_spend,
                              .hold = job.hold};
  const AuthorAnswer answer = ports_.author.Write(request);
  cycle::GenerationFailed failed{
      .repairable = answer.repairable ? cycle::Repairable::kYes : cycle::Repairable::kNo,
      .tokens = answer.tokens,
      .cost_usd = answer.cost_usd};
  if (!answer.change) {
    if (job.hold && job.hold()) return Held{answer.cost_usd > 0 ? Spent::kYes : Spent::kNo};
    failed.reason = answer.change.error().message;
    return ImprovementEvent(failed);
  }
  std::vector<FileDigest> digests;
  for (const SourceFile& file : tree->files) digests.push_back({file.path, Sha256Hex(file.text)});
  const auto after = deployment::Apply(std::move(digests), *answer.change);
  if (!after) {
    failed.reason = after.error().message;
    return ImprovementEvent(failed);
  }
  return ImprovementEvent(cycle::Generated{.change = *answer.change,
                                           .tree_before = tree->hash,
                                           .tree_after = deployment::TreeHash(*after),
                                           .tokens = answer.tokens,
                                           .cost_usd = answer.cost_usd});
}

ImprovementEvent Performer::Validate(const EffectJob& job) {
  const Improvement& improvement = ImprovementOf(job);
  const auto tree = ReadTree(improvement.opportunity.component);
  if (!tree) return NotValidated(tree.error().message);
  if (tree->hash != improvement.tree_before) {
    return NotValidated("the component changed after the change was written");
  }
  auto report = ports_.validator.Validate(improvement.opportunity.component, *tree, ChangeOf(job),
                                          improvement.opportunity.kind);
  if (!report) return NotValidated(report.error().message);
  return cycle::Validated{std::move(*report)};
}

// Only what the present version served: a baseline that contains another version's time would
// make the next change look better or worse than it is.
ImprovementEvent Performer::MeasureBaseline(const EffectJob& job) {
  const Improvement& improvement = ImprovementOf(job);
  const auto tree = ReadTree(improvement.opportunity.component);
  if (!tree) return cycle::BaselineFailed{tree.error().message};
  if (tree->hash != improvement.tree_before) return cycle::Outdated{};
  // Others may have released while nobody of us looked: the files know when.
  const Instant there_since = ChangedAt(improvement.opportunity.component, *tree, job.seen);
  const Instant changed_at = std::max(there_since, job.target_changed_at.value_or(Instant()));
  const auto baseline = telemetry_.MeasureBaseline(WatchedBy(improvement), changed_at);
  if (!baseline) return cycle::BaselineFailed{baseline.error().message};
  return cycle::BaselineMeasured{*baseline};
}

Answer Performer::Deploy(const EffectJob& job) {
  const DeployResult result = ports_.deployer.Deploy(PlanOf(job), job.hold);
  switch (result.outcome) {
    case DeployOutcome::kDone:
      return WatchEvent(cycle::Deployed{result.share});
    case DeployOutcome::kTreeChanged: {
      // Nothing of ours was ever there: an ordinary release came before the deployment.
      if (!job.begun) return WatchEvent(cycle::ReleasedBefore{});
      return WatchEvent(ChangedByOthers(job, result.detail));
    }
    case DeployOutcome::kFailedUntouched: {
      // What an interrupted attempt left in place may not be seen now.
      const auto touched = job.begun ? cycle::Touched::kYes : cycle::Touched::kNo;
      return WatchEvent(cycle::DeployFailed{result.detail, touched});
    }
    case DeployOutcome::kFailedTouched:
      return WatchEvent(cycle::DeployFailed{result.detail, cycle::Touched::kYes});
    case DeployOutcome::kHeld:
      return Held{};
  }
  return Held{};
}

WatchEvent Performer::Promote(const EffectJob& job) {
  const DeployResult result = ports_.deployer.Promote(PlanOf(job));
  if (result.outcome == DeployOutcome::kDone) return cycle::Promoted{};
  if (result.outcome == DeployOutcome::kTreeChanged) return ChangedByOthers(job, result.detail);
  return cycle::PromoteFailed{result.detail};
}

cycle::TreeChangedByOthers Performer::ChangedByOthers(const EffectJob& job,
                                                      const std::string& seen) {
  cycle::TreeChangedByOthers event{.seen_tree = seen};
  const auto tree = ports_.tree.Read(WatchOf(job).component);
  if (!tree || !job.change) return event;
  for (const FileChange& file : job.change->files) {
    const auto there = std::ranges::find(tree->files, file.path, &SourceFile::path);
    if (there != tree->files.end() && there->text == file.after) event.left.push_back(file.path);
  }
  return event;
}

WatchEvent Performer::Look(const EffectJob& job) {
  const Watch& watch = WatchOf(job);
  const auto tree = ports_.tree.Read(watch.component);
  if (tree && tree->hash != watch.version_after) return ChangedByOthers(job, tree->hash);
  ratchet::Look look;
  look.health = ports_.deployer.CheckHealth(watch.component);
  if (!tree && look.health != Health::kFailing) return cycle::LookFailed{tree.error().message};
  std::optional<Instant> looked_until;
  if (!watch.looks.empty()) looked_until = watch.looks.back().window.end;
  look.window = telemetry_.NextLook(watch.step_since, looked_until);
  if (look.window.end <= look.window.begin) {
    if (look.health != Health::kFailing) return cycle::LookFailed{"no new telemetry yet"};
    look.window.end = look.window.begin;  // a failing service is not waited for
    return cycle::LookTaken{look};
  }
  const Watched watched{watch.target.component, watch.tenant, watch.reach, watch.operation};
  const Status measured = telemetry_.MeasureLook(watched, watch.baseline, look);
  if (!measured) return cycle::LookFailed{measured.error().message};
  return cycle::LookTaken{look};
}

WatchEvent Performer::RollBack(const EffectJob& job) {
  const DeployResult result = ports_.deployer.RollBack(PlanOf(job));
  switch (result.outcome) {
    case DeployOutcome::kDone:
      return cycle::RolledBack{};
    case DeployOutcome::kTreeChanged:
      return ChangedByOthers(job, result.detail);
    default:
      return cycle::RollbackFailed{result.detail};
  }
}

}  // namespace ratchet
