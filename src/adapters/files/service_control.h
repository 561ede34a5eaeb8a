#pragma once
// Talking to the running service: reload it, prove what it serves, ask for its health.

#include "core/model/change.h"
#include "core/model/component.h"
#include "core/model/monitoring.h"
#include "ports/http_client.h"

namespace ratchet::files {

// What the service has to prove.
enum class Proof {
  kDeployed,   // every given file, after a reload that changed something
  kRestored,   // the same; before its reload the service may not have answered at all
  kRehearsed,  // those of the given files that it names, and at least one
};

class ServiceControl {
 public:
  explicit ServiceControl(HttpClient& http) : http_(http) {}

  // Reloads and waits until the service proves that it serves `files` (path → SHA-256 of the
  // content that must be loaded). kTimeout when it does not within the proof's time.
  Status ReloadAndProve(const ComponentConfig& component, const std::vector<FileDigest>& files,
                        Proof wanted);
  // Three tries within two seconds: one refused connection is no illness.
  Health CheckHealth(const ComponentConfig& component);

 private:
  Status Reload(const ComponentConfig& component);
  Status RunCommand(const ComponentConfig& component);
  Result<std::string> ReadProof(const ProofConfig& proof);
  HttpClient& http_;
};

}  // namespace ratchet::files
