#include "adapters/files/in_place_deployer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "adapters/files/file_exchange.h"
#include "adapters/files/root_exchange.h"
#include "core/base/check.h"
#include "core/base/hash.h"

namespace ratchet::files {
namespace {

std::string KeptRoot(const ComponentConfig& component, const DeploymentPlan& plan) {
  const size_t slash = component.root.rfind('/');
  return fmt::format("{}/.ratchet-{}-{}", component.root.substr(0, slash),
                     component.root.substr(slash + 1), plan.improvement.value);
}

}  // namespace

Result<const ComponentConfig*> InPlaceDeployer::Find(const ComponentId& id) const {
  const auto at = components_.find(id);
  if (at == components_.end())
    return Fail(ErrorCode::kNotFound, "no component " + id.value + " is configured");
  return &at->second;
}

static Status RehearseExchange(const Descriptor& root, const SourceFile& like) {
  TRY(const auto parent, OpenParent(root, like.path));
  TRY(const Descriptor source, OpenBeneath(root, like.path, O_RDONLY));
  const std::string name = ".ratchet-rehearsal";
  TRY_STATUS(WriteLike(parent.first, name, like.text, source));
  const std::string path = like.path.substr(0, like.path.rfind('/') + 1) + name;
  Status done;
  for (int i = 0; i < 2 && done; ++i) {
    const auto swapped = SwapFile(root, {.path = path,
                                         .kept_name = "rehearsal.kept",
                                         .expected_sha256 = Sha256Hex(like.text),
                                         .wanted = like.text});
    if (!swapped) done = std::unexpected(swapped.error());
  }
  unlinkat(parent.first.get(), name.c_str(), 0);
  return done;
}

Result<ComponentTree> InPlaceDeployer::Read(const ComponentId& id) {
  TRY(const ComponentConfig* component, Find(id));
  TRY(const Descriptor root, OpenRoot(component->root));
  return ReadTree(root, component->sources);
}

DeployResult InPlaceDeployer::Deploy(const DeploymentPlan& plan, const HoldCheck& hold) {
  const auto component = Find(plan.component);
  if (!component) return {DeployOutcome::kFailedUntouched, component.error().message};
  DeployResult placed = PutInPlace(**component, plan, Direction::kForward, hold);
  if (placed.outcome != DeployOutcome::kDone) return placed;
  return Serve(**component, plan, Direction::kForward);
}

DeployResult InPlaceDeployer::RollBack(const DeploymentPlan& plan) {
  const auto component = Find(plan.component);
  if (!component) return {DeployOutcome::kFailedUntouched, component.error().message};
  DeployResult placed = PutInPlace(**component, plan, Direction::kBack, {});
  if (placed.outcome != DeployOutcome::kDone) return placed;
  return Serve(**component, plan, Direction::kBack);
}

DeployResult InPlaceDeployer::PutInPlace(const ComponentConfig& component,
                                         const DeploymentPlan& plan, Direction direction,
                                         const HoldCheck& hold) {
  const bool forward = direction == Direction::kForward;
  const auto put_back = PutForeignFileBack(component, plan, direction);
  if (!put_back) return {DeployOutcome::kFailedTouched, put_back.error().message};
  const auto tree = Read(component.id);
  if (!tree) return {DeployOutcome::kFailedUntouched, tree.error().message};
  if (*put_back) return {DeployOutcome::kTreeChanged, tree->hash};
  const auto step =
      deployment::StepTowards({.seen = tree->hash,
                               .expected = forward ? plan.tree_before : plan.tree_after,
                               .wanted = forward ? plan.tree_after : plan.tree_before});
  if (step == deployment::TreeStep::kLeaveAlone) return {DeployOutcome::kTreeChanged, tree->hash};
  if (step == deployment::TreeStep::kNothing) return FinishFolder(component, plan, direction);
  if (hold && hold()) return {DeployOutcome::kHeld, ""};
  const auto swapped = SwapAll(component, plan, direction);
  if (swapped && *swapped) return {DeployOutcome::kDone, ""};
  const auto now = Read(component.id);
  if (!swapped) {
    // It may have failed behind the exchange, when the disk could not confirm it.
    const bool untouched = now && now->hash == tree->hash;
    return {untouched ? DeployOutcome::kFailedUntouched : DeployOutcome::kFailedTouched,
            swapped.error().message};
  }
  return {DeployOutcome::kTreeChanged, now ? now->hash : "unreadable"};
}

RootSwap InPlaceDeployer::SwapOf(const ComponentConfig& component, const DeploymentPlan& plan,
                                 Direction direction) {
  const bool forward = direction == Direction::kForward;
  return {.purpose = forward ? SwapPurpose::kDeploy : SwapPurpose::kRollBack,
          .root = component.root,
          .kept = KeptRoot(component, plan),
          .contents = {},
          .sources = component.sources,
          .expected_tree = forward ? plan.tree_before : plan.tree_after,
          .wanted_tree = forward ? plan.tree_after : plan.tree_before};
}

// What an interrupted attempt took out may have been somebody else's, and nobody looked at it yet.
Result<bool> InPlaceDeployer::PutForeignFileBack(const ComponentConfig& component,
                                                 const DeploymentPlan& plan, Direction direction) {
  if (plan.change.files.size() != 1) return false;
  const bool forward = direction == Direction::kForward;
  const FileChange& file = plan.change.files.front();
  const std::string before = file.before.value_or("");
  TRY(const Descriptor root, OpenRoot(component.root));
  return PutForeignBack(root, {.path = file.path,
                               .kept_name = plan.improvement.value + ".kept",
                               .expected_sha256 = Sha256Hex(forward ? before : file.after),
                               .wanted = forward ? file.after : before});
}

// The same for a folder, of which the wanted version is there already.
DeployResult InPlaceDeployer::FinishFolder(const ComponentConfig& component,
                                           const DeploymentPlan& plan, Direction direction) {
  if (plan.change.files.size() == 1) return {DeployOutcome::kDone, ""};
  const auto done = FinishSwap(SwapOf(component, plan, direction));
  if (!done) return {DeployOutcome::kFailedTouched, done.error().message};
  if (*done != RootExchange::kForeign) return {DeployOutcome::kDone, ""};
  const auto now = Read(component.id);
  return {DeployOutcome::kTreeChanged, now ? now->hash : "unreadable"};
}

// Only files that were there can be put in place; SwapAll refuses others first.
static const std::string& Before(const FileChange& file) {
  CHECK(file.before.has_value(), "a changed file was there before");
  return *file.before;
}

// True: done. False: somebody else's content was there at the last moment, and still is.
Result<bool> InPlaceDeployer::SwapAll(const ComponentConfig& component, const DeploymentPlan& plan,
                                      Direction direction) {
  const bool forward = direction == Direction::kForward;
  for (const FileChange& file : plan.change.files) {
    if (!file.before)
      return Fail(ErrorCode::kInvalidArgument,
                  file.path + ": new files cannot be deployed in place");
  }
  if (plan.change.files.size() == 1) {
    const FileChange& file = plan.change.files.front();
    TRY(const Descriptor root, OpenRoot(component.root));
    if (forward) CleanKept(root, plan.improvement.value);
    const std::string& expected = forward ? Before(file) : file.after;
    TRY(const Exchange exchange, SwapFile(root, {.path = file.path,
                                                 .kept_name = plan.improvement.value + ".kept",
                                                 .expected_sha256 = Sha256Hex(expected),
                                                 .wanted = forward ? file.after : Before(file)}));
    return exchange == Exchange::kDone;
  }
  if (forward) CleanKeptRoots(component.root, KeptRoot(component, plan));
  RootSwap swap = SwapOf(component, plan, direction);
  for (const FileChange& file : plan.change.files)
    swap.contents.emplace_back(file.path, forward ? file.after : Before(file));
  TRY(const RootExchange exchange, SwapRoot(swap));
  return exchange == RootExchange::kDone;
}

DeployResult InPlaceDeployer::Serve(const ComponentConfig& component, const DeploymentPlan& plan,
                                    Direction direction) {
  std::vector<FileDigest> digests;
  digests.reserve(plan.change.files.size());
  for (const FileChange& file : plan.change.files) {
    digests.push_back(
        {file.path, Sha256Hex(direction == Direction::kForward ? file.after : Before(file))});
  }
  if (const auto served = control_.ReloadAndProve(
          component, digests,
          direction == Direction::kForward ? Proof::kDeployed : Proof::kRestored);
      !served) {
    return {DeployOutcome::kFailedTouched, served.error().message};
  }
  if (control_.CheckHealth(component) == Health::kFailing) {
    return {DeployOutcome::kFailedTouched, "the health check fails after the reload"};
  }
  return {DeployOutcome::kDone, ""};
}

// Exchanges a copy of one source, beside it, there and back, reloads, and asks for the proof:
// everything a rollback needs, and no source is touched.
Status InPlaceDeployer::Rehearse(const ComponentId& id) {
  TRY(const ComponentConfig* component, Find(id));
  TRY(const ComponentTree tree, Read(id));
  if (tree.files.empty()) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("component {}: no source file in {}", id.value, component->root));
  }
  const SourceFile& file = tree.files.front();
  {
    TRY(const Descriptor root, OpenRoot(component->root));
    if (const auto done = RehearseExchange(root, file); !done)
      return std::unexpected(done.error().Within("rehearse the rollback of " + id.value));
  }
  std::vector<FileDigest> digests;
  digests.reserve(tree.files.size());
  for (const SourceFile& source : tree.files)
    digests.push_back({source.path, Sha256Hex(source.text)});
  TRY_STATUS(control_.ReloadAndProve(*component, digests, Proof::kRehearsed));
  if (control_.CheckHealth(*component) == Health::kFailing) {
    return Fail(ErrorCode::kUnavailable, "component " + id.value + ": the health check fails");
  }
  return {};
}

Health InPlaceDeployer::CheckHealth(const ComponentId& id) {
  const auto component = Find(id);
  return component ? control_.CheckHealth(**component) : Health::kUnknown;
}

}  // namespace ratchet::files
