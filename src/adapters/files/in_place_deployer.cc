#include "adapters/files/in_place_deployer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "adapters/files/file_exchange.h"
#include "adapters/files/root_exchange.h"
#include "core/base/hash.h"

namespace ratchet::files {
namespace {

std::string KeptRoot(const DeploymentPlan& plan) {
  const std::string& root = plan.component.root;
  const size_t slash = root.rfind('/');
  return fmt::format("{}/.ratchet-{}-{}", root.substr(0, slash), root.substr(slash + 1), plan.name);
}

FileSwap SwapOf(const DeploymentPlan& plan, const FileChange& file) {
  return {.path = file.path,
          .kept_name = plan.name + ".kept",
          .expected_sha256 = Sha256Hex(file.before.value_or("")),
          .wanted = file.after};
}

RootSwap SwapOf(const DeploymentPlan& plan, SwapPurpose purpose) {
  return {.purpose = purpose,
          .root = plan.component.root,
          .kept = KeptRoot(plan),
          .contents = {},
          .sources = plan.component.sources,
          .expected_tree = plan.expected,
          .wanted_tree = plan.wanted.version};
}

// What an interrupted attempt took out may have been somebody else's, and nobody looked at it yet.
Result<bool> PutForeignFileBack(const DeploymentPlan& plan) {
  if (plan.change.files.size() != 1) return false;
  TRY(const Descriptor root, OpenRoot(plan.component.root));
  return PutForeignBack(root, SwapOf(plan, plan.change.files.front()));
}

// True: done. False: somebody else's content was there at the last moment, and still is.
Result<bool> SwapAll(const DeploymentPlan& plan, SwapPurpose purpose) {
  const bool deploys = purpose == SwapPurpose::kDeploy;
  for (const FileChange& file : plan.change.files) {
    if (!file.before)
      return Fail(ErrorCode::kInvalidArgument,
                  file.path + ": new files cannot be deployed in place");
  }
  if (plan.change.files.size() == 1) {
    TRY(const Descriptor root, OpenRoot(plan.component.root));
    if (deploys) CleanKept(root, plan.name);
    TRY(const Exchange exchange, SwapFile(root, SwapOf(plan, plan.change.files.front())));
    return exchange == Exchange::kDone;
  }
  if (deploys) CleanKeptRoots(plan.component.root, KeptRoot(plan));
  RootSwap swap = SwapOf(plan, purpose);
  for (const FileChange& file : plan.change.files)
    swap.contents.emplace_back(file.path, file.after);
  TRY(const RootExchange exchange, SwapRoot(swap));
  return exchange == RootExchange::kDone;
}

}  // namespace

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

Result<ComponentTree> FileSourceTree::Read(const ComponentConfig& component) {
  TRY(const Descriptor root, OpenRoot(component.root));
  return ReadTree(root, component.sources);
}

DeployResult InPlaceDeployer::Deploy(const DeploymentPlan& plan, const HoldCheck& hold) {
  DeployResult placed = PutInPlace(plan, SwapPurpose::kDeploy, hold);
  return placed.outcome == DeployOutcome::kDone ? Serve(plan, Proof::kDeployed) : placed;
}

DeployResult InPlaceDeployer::Promote(const DeploymentPlan& plan) {
  const auto tree = tree_.Read(plan.component);
  if (!tree) return {DeployOutcome::kFailedTouched, tree.error().message};
  if (tree->hash != plan.wanted.version) return {DeployOutcome::kTreeChanged, tree->hash};
  return {DeployOutcome::kDone, ""};
}

DeployResult InPlaceDeployer::RollBack(const DeploymentPlan& plan) {
  DeployResult placed = PutInPlace(plan, SwapPurpose::kRollBack, {});
  return placed.outcome == DeployOutcome::kDone ? Serve(plan, Proof::kRestored) : placed;
}

DeployResult InPlaceDeployer::PutInPlace(const DeploymentPlan& plan, SwapPurpose purpose,
                                         const HoldCheck& hold) {
  const auto seen_now = [&] {
    const auto now = tree_.Read(plan.component);
    return now ? now->hash : "unreadable";
  };
  const auto put_back = PutForeignFileBack(plan);
  if (!put_back) return {DeployOutcome::kFailedTouched, put_back.error().message};
  const auto tree = tree_.Read(plan.component);
  if (!tree) return {DeployOutcome::kFailedUntouched, tree.error().message};
  if (*put_back) return {DeployOutcome::kTreeChanged, tree->hash};
  const auto step = deployment::StepTowards(
      {.seen = tree->hash, .expected = plan.expected, .wanted = plan.wanted.version});
  if (step == deployment::TreeStep::kLeaveAlone) return {DeployOutcome::kTreeChanged, tree->hash};
  if (step == deployment::TreeStep::kNothing) {
    // Of a folder it may not have been looked yet at what came out.
    if (plan.change.files.size() == 1) return {DeployOutcome::kDone, ""};
    const auto done = FinishSwap(SwapOf(plan, purpose));
    if (!done) return {DeployOutcome::kFailedTouched, done.error().message};
    if (*done != RootExchange::kForeign) return {DeployOutcome::kDone, ""};
    return {DeployOutcome::kTreeChanged, seen_now()};
  }
  if (hold && hold()) return {DeployOutcome::kHeld, ""};
  const auto swapped = SwapAll(plan, purpose);
  if (swapped && *swapped) return {DeployOutcome::kDone, ""};
  if (swapped) return {DeployOutcome::kTreeChanged, seen_now()};
  // It may have failed behind the exchange, when the disk could not confirm it.
  const bool untouched = seen_now() == tree->hash;
  return {untouched ? DeployOutcome::kFailedUntouched : DeployOutcome::kFailedTouched,
          swapped.error().message};
}

DeployResult InPlaceDeployer::Serve(const DeploymentPlan& plan, Proof proof) {
  std::vector<FileDigest> digests;
  digests.reserve(plan.change.files.size());
  for (const FileChange& file : plan.change.files)
    digests.push_back({file.path, Sha256Hex(file.after)});
  if (const auto served = control_.ReloadAndProve(plan.component, digests, proof); !served)
    return {DeployOutcome::kFailedTouched, served.error().message};
  if (control_.CheckHealth(plan.component) == Health::kFailing)
    return {DeployOutcome::kFailedTouched, "the health check fails after the reload"};
  return {DeployOutcome::kDone, ""};
}

// Exchanges a copy of one source, beside it, there and back, reloads, and asks for the proof:
// everything a rollback needs, and no source is touched.
Status InPlaceDeployer::Rehearse(const ComponentConfig& component) {
  const std::string& id = component.id.value;
  TRY(const ComponentTree tree, tree_.Read(component));
  if (tree.files.empty()) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("component {}: no source file in {}", id, component.root));
  }
  const SourceFile& file = tree.files.front();
  {
    TRY(const Descriptor root, OpenRoot(component.root));
    if (const auto done = RehearseExchange(root, file); !done)
      return std::unexpected(done.error().Within("rehearse the rollback of " + id));
  }
  std::vector<FileDigest> digests;
  digests.reserve(tree.files.size());
  for (const SourceFile& source : tree.files)
    digests.push_back({source.path, Sha256Hex(source.text)});
  TRY_STATUS(control_.ReloadAndProve(component, digests, Proof::kRehearsed));
  if (control_.CheckHealth(component) == Health::kFailing) {
    return Fail(ErrorCode::kUnavailable, "component " + id + ": the health check fails");
  }
  return {};
}

Health InPlaceDeployer::CheckHealth(const ComponentConfig& component) {
  return control_.CheckHealth(component);
}

}  // namespace ratchet::files
