#pragma once
// The sandbox: bubblewrap name spaces, a system call filter and resource limits.
//
// Inside there are: the system's programs (read-only), a copy of the component in /work and an
// empty /tmp (both in memory, limited), and nothing else: no home, no network but a loopback of its
// own, no other processes. As root, everything runs as "nobody", because the limit on processes
// binds no root.

#include "ports/sandbox.h"

namespace ratchet {

class BwrapSandbox : public Sandbox {
 public:
  explicit BwrapSandbox(std::string program = "/usr/bin/bwrap") : program_(std::move(program)) {}
  Result<SandboxRun> Run(const SandboxJob& job) override;
  // Runs `true` once: whether a sandbox works on this machine, and why not.
  Status Probe();

 private:
  std::string program_;
};

}  // namespace ratchet
