#pragma once
// What is configured of a component: where its code is, how it is tested, reloaded and watched.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/model/insight.h"
#include "core/model/target.h"

namespace ratchet {

// How far a change goes without a person: each step includes those before it.
enum class Autonomy { kObserve, kSuggest, kApprove, kAuto };

enum class ReloadKind { kNone, kHttp, kSignal, kCommand };

struct ReloadConfig {
  ReloadKind kind = ReloadKind::kNone;
  std::string url;                   // kHttp: POSTed to
  std::string pid_file;              // kSignal: whose process gets
  std::string signal = "HUP";        // this signal
  std::vector<std::string> command;  // kCommand: run without a shell
  // Of the command, beside PATH, HOME and LANG: "NAME=value", or "NAME" for the daemon's own value.
  std::vector<std::string> environment;
  Duration timeout{10'000};
};

// How it is proved that the new version serves.
enum class ProofKind {
  kDigest,   // the answer maps file names to the SHA-256 of the source that is loaded
  kChanges,  // a value in the answer differs from before the reload (a start time, a generation)
  kNone,     // not provable: such a component is never deployed to
};

struct ProofConfig {
  ProofKind kind = ProofKind::kNone;
  std::string url;
  std::string pointer;  // JSON pointer (RFC 6901) to the map or the value
  Duration timeout{10'000};
};

struct TestConfig {
  std::vector<std::string> command;  // run in the component's root inside the sandbox
  Duration timeout{120'000};
};

// A share of the requests for a time; the step after it gives more.
struct CanaryStep {
  double share = 1;      // (0, 1]
  Duration duration{0};  // until the next step; of the last one the watch itself
  bool operator==(const CanaryStep&) const = default;
};

// What has a version of its own: the component as a whole, or each of its tenants.
enum class TargetScope { kComponent, kTenant };

struct ComponentConfig {
  ComponentId id;
  std::vector<TenantId> tenants;             // several, or none for "all": the root is shared
  std::string root;                          // absolute path
  std::string language;                      // one of those that are built in
  std::string interpreter;                   // absolute path
  std::vector<std::string> sources;          // globs of the component's code: its version
  std::vector<std::string> allowed;          // globs of files a change may touch
  std::vector<std::string> protected_files;  // globs that no change may touch
  std::vector<std::string> allowed_imports;  // new top-level modules a change may import
  TestConfig tests;
  ReloadConfig reload;
  ProofConfig proof;
  std::string health_url;
  Autonomy autonomy = Autonomy::kSuggest;
  std::vector<CanaryStep> canary;  // before everybody gets it; needs a deployer that can share
  TargetScope scope = TargetScope::kComponent;

  [[nodiscard]] TargetKey TargetFor(const TenantId& tenant) const {
    return {id, scope == TargetScope::kTenant ? tenant : TenantId()};
  }
  [[nodiscard]] Reach reach() const {
    if (scope == TargetScope::kTenant) return Reach::kTenant;
    return tenants.size() == 1 ? Reach::kTenant : Reach::kSystemWide;
  }
};

}  // namespace ratchet
