#pragma once
// A change is the files before and after; a validation report is what the gates said of it.

#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace ratchet {

struct FileChange {
  std::string path;                   // relative to the component's root
  std::optional<std::string> before;  // empty: the file is new
  std::string after;
};

enum class Author { kRecipe, kModel };

struct Change {
  std::vector<FileChange> files;
  Author author = Author::kRecipe;
  std::string author_name;  // "recipe:remember-results" or "openai:<model>"
  std::string summary;
};

// "svc/a.x" -> its SHA-256; a tree's hash is the SHA-256 over these lines in path order.
struct FileDigest {
  std::string path;
  std::string sha256;
};

struct Finding {
  std::string file;
  int line = 0;
  std::string rule;
  std::string message;
  // Normalised code that the finding rests on, where that is known: tells a finding that only moved
  // from another one of the same kind.
  std::string statement = {};
};

enum class GateOutcome { kPassed, kFailed, kNotRun };

struct GateResult {
  std::string gate;
  GateOutcome outcome = GateOutcome::kNotRun;
  std::vector<Finding> findings;
  Duration took{0};
};

struct ValidationReport {
  std::vector<GateResult> gates;
  double changed_line_coverage = 0;  // 0..1
  double quality = 0;                // 0..1
  double risk = 1;                   // 0..1
  bool sandbox_worked = false;
};

}  // namespace ratchet
