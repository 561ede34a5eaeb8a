#pragma once
// Runs untrusted programs: no network, read-only system, empty home, limited memory, processes,
// temporary space, output and time, no inherited environment or descriptors, another user when
// run as root. Thread-safe.

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"

namespace ratchet {

struct SandboxLimits {
  Duration wall{120'000};
  std::uint64_t memory_bytes = 1ULL << 30;  // a process
  int processes = 64;
  std::uint64_t disk_bytes = 256ULL << 20;  // each of /component and /tmp
  std::uint64_t output_bytes = 4ULL << 20;  // above: the run is ended
};

struct SandboxFile {
  std::string path;  // relative to /component
  std::string text;
};

struct SandboxJob {
  std::string copy_root;                    // host folder copied to /component; "" for an empty one
  std::vector<SandboxFile> files;           // written over the copy
  std::vector<std::string> readable_paths;  // further host paths, visible at the same place
  std::vector<std::string> command;         // run with /component as working directory
  std::vector<std::pair<std::string, std::string>> environment;
  SandboxLimits limits;
};

enum class SandboxEnd { kExited, kSignalled, kTimedOut, kOutputLimit };

struct SandboxRun {
  SandboxEnd end = SandboxEnd::kExited;
  int code = 0;        // exit code or signal
  std::string output;  // standard output and error, up to the limit
  std::string report;  // what the program wrote to descriptor 3, up to the limit
  Duration took{0};
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;
  // Errors: kUnavailable when the sandbox itself cannot work here (then nothing was run).
  virtual Result<SandboxRun> Run(const SandboxJob& job) = 0;
};

}  // namespace ratchet
