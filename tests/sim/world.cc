#include "tests/sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/hash.h"
#include "core/deployment/tree_hash.h"
#include "core/deployment/tree_step.h"

namespace ratchet::sim {
namespace {

const std::string kFile = "main.py";

double LatencyOfQuality(Quality quality) {
  switch (quality) {
    case Quality::kGood:
      return 50;
    case Quality::kBad:
      return 200;
    default:
      return 100;
  }
}

}  // namespace

double World::LatencyOf(const std::string& content) const {
  return LatencyOfQuality(QualityOf(content));
}

std::string World::HashOf(const std::string& content) {
  return deployment::TreeHash({{kFile, Sha256Hex(content)}});
}

std::string RootOf(const ComponentId& id) { return "/srv/" + id.value; }

std::vector<CanaryStep> RisingShares() {
  return {{0.1, Duration(5 * 60'000)}, {0.5, Duration(5 * 60'000)}};
}

EngineConfig SimConfig() {
  EngineConfig config;
  const auto add = [&](const std::string& id, std::vector<TenantId> tenants, Autonomy autonomy) {
    ComponentConfig component;
    component.id = ComponentId(id);
    component.tenants = std::move(tenants);
    component.autonomy = autonomy;
    component.root = RootOf(component.id);
    config.components.emplace(component.id, component);
  };
  add("self", {TenantId("a")}, Autonomy::kAuto);
  add("self-too", {TenantId("a")}, Autonomy::kAuto);
  add("self-rising", {TenantId("a")}, Autonomy::kAuto);
  config.components.at(ComponentId("self-rising")).canary = RisingShares();
  add("asks", {TenantId("b")}, Autonomy::kApprove);
  add("more", {TenantId("b")}, Autonomy::kAuto);
  add("shared", {TenantId("a"), TenantId("b")}, Autonomy::kApprove);
  config.autonomous_improvements = true;
  config.policy.approval_ttl = Duration(3'600'000);
  config.policy.judge.duration = Duration(10 * 60'000);
  config.policy.judge.bad_looks = 2;
  config.policy.baseline_for_auto = Duration(20 * 60'000);
  config.limits.concurrent_max = 2;
  config.limits.tenant_max[TenantId("b")] = 1;
  config.schedule.interval = Duration(2 * 3'600'000);
  config.daily_budget_usd = 4.0;
  config.generation_cost_bound_usd = SimAuthor::kBound;
  config.analysis_current = Duration(3'600'000);
  config.analysis_baseline = Duration(3'600'000);
  config.baseline_window = Duration(3'600'000);
  config.analysis_window = Duration(3'600'000);
  config.inspection = Duration(30 * 60'000);
  return config;
}

// --- Telemetry ----------------------------------------------------------------------------------

namespace {

constexpr Duration kStep{60'000};
constexpr const char* kStray = "stray";  // of a tenant that says the component is its own

TenantId TenantOf(const ComponentId& component, std::string_view operation) {
  const bool of_a = component.value.starts_with("self");
  return TenantId(of_a != (operation == kStray) ? "a" : "b");
}

Result<std::vector<Point>> Measured(World& world, const SeriesSelector& selector) {
  world.MayDie();
  if (world.Fails()) return Fail(ErrorCode::kUnavailable, "telemetry is away");
  std::vector<Point> points;
  for (const auto& [id, component] : world.components) {
    if (selector.component && *selector.component != id) continue;
    Instant t{(selector.window.begin.time_since_epoch() + kStep - Duration(1)) / kStep * kStep};
    for (; t < selector.window.end; t += kStep) {
      auto at = component.history.upper_bound(t);
      if (at == component.history.begin()) continue;
      const SimComponent::Served& served = (--at)->second;
      for (const char* operation : {"op", "other", kStray}) {
        Point point;
        point.series = {TenantOf(id, operation), id, operation, "", kSpanLatency};
        point.start = t;
        const double wobble = ToMillis(t) / 60'000 % 2 == 0 ? 1.02 : 0.98;
        const auto of_new = static_cast<std::uint64_t>(60 * served.share);
        for (const auto& [content, requests] :
             {std::pair(served.content, of_new), std::pair(served.beside, 60 - of_new)}) {
          if (requests == 0) continue;
          const Quality quality = world.QualityOf(content);
          point.values.Add(LatencyOfQuality(quality) * wobble, requests,
                           quality == Quality::kBroken ? requests : 0);
        }
        points.push_back(std::move(point));
      }
    }
  }
  return points;
}

}  // namespace

SimSeries::SimSeries(World& world)
    : MemorySeries([&world](const SeriesSelector& selector) { return Measured(world, selector); },
                   kStep) {}

Result<std::vector<CallShape>> SimIncidents::CallShapes(const IncidentSelector& selector) {
  std::vector<CallShape> shapes;
  for (const auto& [id, component] : world_.components) {
    CallShape shape;
    shape.component = id;
    shape.name = "compute";
    shape.code = {kFile, "compute", 1};
    shape.calls = 1000;
    shape.total_ms = 1e6;
    shape.repeats = 900;
    shape.repeat_ms = 1e6;
    shape.users = 500;
    for (const char* operation : {"op", "other", kStray}) {
      shape.operation = operation;
      shape.tenant = TenantOf(id, operation);
      if (selector.tenants.Allows(shape.tenant)) shapes.push_back(shape);
    }
  }
  return shapes;
}

// --- Author and gates ---------------------------------------------------------------------------

AuthorAnswer SimAuthor::Write(const AuthorRequest& request) {
  AuthorAnswer answer;
  if (request.may_spend == MaySpend::kNo) {
    answer.change = Fail(ErrorCode::kResourceExhausted, "the day's budget is spent");
    return answer;
  }
  world_.spent[DayOf(world_.clock.now)] += kCost;
  // Reserved before midnight, perhaps, or before a day that was skipped.
  for (const int days : {0, 1})
    world_.spent[DayOf(world_.clock.now - Duration(60'000 + days * 86'400'000))] += 0;
  world_.MayDie();
  answer.tokens = 1000;
  answer.cost_usd = kCost;
  if (world_.Fails()) {
    answer.change = Fail(ErrorCode::kUnavailable, "the model is away");
    return answer;
  }
  if (world_.random.Chance(0.1)) {
    answer.change = Fail(ErrorCode::kInvalidArgument, "the reply cannot be read");
    answer.repairable = true;
    return answer;
  }
  ++world_.generated;
  const std::string& before = request.tree.files.at(0).text;
  Change change;
  change.author = world_.random.Chance(0.7) ? Author::kRecipe : Author::kModel;
  change.author_name = "sim";
  // Some recipes write the same for the same code.
  const bool same = change.author == Author::kRecipe && world_.random.Chance(0.4);
  const std::string content = same ? before + "+" : fmt::format("version {}", world_.generated);
  if (!world_.replaced.contains(content)) {
    world_.qualities[content] = static_cast<Quality>(world_.random.Below(4));
    world_.replaced[content] = before;
  }
  change.files = {{kFile, before, content}};
  answer.change = change;
  return answer;
}

Result<ValidationReport> SimValidator::Validate(const ComponentId&, const ComponentTree&,
                                                const Change&, InsightKind) {
  world_.MayDie();
  if (world_.Fails()) return Fail(ErrorCode::kUnavailable, "the sandbox is away");
  ValidationReport report;
  report.sandbox_worked = true;
  report.quality = world_.random.Chance(0.1) ? 0.5 : 0.97;
  report.risk = world_.random.Chance(0.2) ? 0.5 : 0.02;
  const bool passes = !world_.random.Chance(0.1);
  report.gates.push_back(
      {.gate = "tests", .outcome = passes ? GateOutcome::kPassed : GateOutcome::kFailed});
  return report;
}

// --- Deployment ---------------------------------------------------------------------------------

Result<ComponentTree> SimSourceTree::Read(const ComponentConfig& of) {
  world_.MayDie();
  if (world_.Fails()) return Fail(ErrorCode::kUnavailable, "the disk is away");
  if (of.root != RootOf(of.id)) throw PromiseBroken("P1: it is not known where a component is");
  const SimComponent& component = world_.components.at(of.id);
  if (component.gone) return Fail(ErrorCode::kNotFound, "the folder is gone");
  return ComponentTree{.files = {{kFile, component.content}},
                       .hash = World::HashOf(component.content),
                       .changed_at = component.changed_at};
}

SimComponent& SimDeployer::Find(const DeploymentPlan& plan) {
  if (plan.component.root != RootOf(plan.component.id))
    throw PromiseBroken("P1: it is not known where a component is");
  SimComponent& component = world_.components.at(plan.component.id);
  // A later deed has a higher fence; the same one comes again after a crash.
  const Wanted& last = component.last_deed;
  const bool same = last.version == plan.wanted.version && last.share == plan.wanted.share;
  if (plan.wanted.fence < last.fence || (plan.wanted.fence == last.fence && !same))
    throw PromiseBroken("P2: a deed does not have a higher fence than the one before");
  component.last_deed = plan.wanted;
  return component;
}

DeployResult SimDeployer::Deploy(const DeploymentPlan& plan, const HoldCheck& hold) {
  SimComponent& component = Find(plan);
  if (component.gone) return {DeployOutcome::kFailedUntouched, "the folder is gone"};
  world_.MayDie();
  const std::string seen = World::HashOf(component.content);
  const auto step = deployment::StepTowards({seen, plan.expected, plan.wanted.version});
  if (step == deployment::TreeStep::kLeaveAlone) return {DeployOutcome::kTreeChanged, seen};
  if (step == deployment::TreeStep::kWrite) {
    if (world_.Fails()) return {DeployOutcome::kFailedUntouched, "disk full"};
    if (hold && hold()) return {DeployOutcome::kHeld, ""};
    if (world_.stop_acknowledged) throw PromiseBroken("P5: a deployment was written after stop");
    if (component.content != *plan.change.files.at(0).before) {
      throw PromiseBroken("P2: somebody else's version was overwritten by a deployment");
    }
    if (plan.component.reach() == Reach::kSystemWide &&
        !world_.approved_by_chief.contains(ImprovementId(plan.name)))
      throw PromiseBroken("P5: what is everybody's was deployed without the meta-orchestrator");
    component.foreign = false;
    component.beside = component.content;
    const std::string& after = plan.change.files.at(0).after;
    if (world_.taken_back.contains({component.content, after}))
      throw PromiseBroken("P1: what was taken back is deployed again");
    world_.Write(component, after);
    world_.owner[component.content] = ImprovementId(plan.name);
  }
  world_.MayDie();
  if (world_.Fails()) return {DeployOutcome::kFailedTouched, "the reload failed"};
  world_.Serve(component, plan.wanted.share);
  world_.MayDie();
  return {DeployOutcome::kDone, "", plan.wanted.share};
}

DeployResult SimDeployer::Promote(const DeploymentPlan& plan) {
  SimComponent& component = Find(plan);
  if (component.gone) return {DeployOutcome::kFailedTouched, "the folder is gone"};
  world_.MayDie();
  const std::string seen = World::HashOf(component.content);
  if (seen != plan.wanted.version) return {DeployOutcome::kTreeChanged, seen};
  if (world_.Fails()) return {DeployOutcome::kFailedTouched, "the reload failed"};
  world_.Serve(component, plan.wanted.share);
  world_.MayDie();
  return {DeployOutcome::kDone, "", plan.wanted.share};
}

DeployResult SimDeployer::RollBack(const DeploymentPlan& plan) {
  SimComponent& component = Find(plan);
  if (component.gone) return {DeployOutcome::kFailedTouched, "the folder is gone"};
  world_.MayDie();
  const std::string seen = World::HashOf(component.content);
  const auto step = deployment::StepTowards({seen, plan.expected, plan.wanted.version});
  if (step == deployment::TreeStep::kLeaveAlone) return {DeployOutcome::kTreeChanged, seen};
  if (step == deployment::TreeStep::kWrite) {
    if (world_.Fails()) return {DeployOutcome::kFailedUntouched, "disk error"};
    if (component.content != *plan.change.files.at(0).before) {
      throw PromiseBroken("P2: somebody else's version was overwritten by a rollback");
    }
    world_.Write(component, plan.change.files.at(0).after);
  }
  world_.MayDie();
  if (world_.Fails()) return {DeployOutcome::kFailedTouched, "the reload failed"};
  world_.Serve(component);
  return {DeployOutcome::kDone, ""};
}

Status SimDeployer::Rehearse(const ComponentConfig&) {
  world_.MayDie();
  if (world_.Fails()) return Fail(ErrorCode::kUnavailable, "the reload failed");
  return {};
}

Health SimDeployer::CheckHealth(const ComponentConfig& of) {
  world_.MayDie();
  const SimComponent& component = world_.components.at(of.id);
  const Quality quality = world_.QualityOf(component.serving);
  if (quality == Quality::kBroken && world_.random.Chance(0.5 * component.share))
    return Health::kFailing;
  return Health::kHealthy;
}

Status SimNotifier::Send(const Alert& alert) {
  world_.MayDie();
  if (world_.Fails()) return Fail(ErrorCode::kUnavailable, "the webhook is away");
  world_.alerts.push_back(alert);
  return {};
}

Status SimReports::Publish(const std::string&, const std::string& json) {
  world_.MayDie();
  if (world_.Fails()) return Fail(ErrorCode::kUnavailable, "the disk is away");
  const auto head = nlohmann::json::parse(json).at("audit_head");
  world_.published.push_back({head.at("sequence"), head.at("hash"), head.at("hmac")});
  return {};
}

}  // namespace ratchet::sim
