#pragma once
// Starts one program, reads what it says within limits, and ends it and its group in time.

#include <string>
#include <vector>

#include "ports/sandbox.h"

namespace ratchet {

struct ChildSpec {
  std::vector<std::string> command;  // absolute program first

  int pass = -1;                // a descriptor that the program gets as number 4
  bool drop_to_nobody = false;  // become uid and gid 65534 before the program starts
  Duration wall{60'000};
  std::uint64_t output_bytes = 4U << 20;
};

// Output is standard output and error together; descriptor 3 is the report. Environment: empty.
Result<SandboxRun> RunChild(const ChildSpec& spec);

}  // namespace ratchet
