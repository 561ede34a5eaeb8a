#pragma once
// What Ratchet must know of a programming language. Pure functions on text: nothing here runs
// code or touches files. Thread-safe.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model/change.h"
#include "core/model/insight_kind.h"
#include "core/model/telemetry.h"
#include "ports/sandbox.h"
#include "ports/source_tree.h"

namespace ratchet {

struct FunctionFacts {
  std::string name;                   // qualified: "Class.method"
  int first_line = 0, last_line = 0;  // 1-based, decorators included
  int complexity = 0;                 // cyclomatic
};

struct ImportFacts {
  std::string module;              // "a.b"; relative imports keep their dots
  std::vector<std::string> names;  // of "from module import names"
  int line = 0;
  bool optional = false;  // guarded by try/except ImportError
};

struct FileFacts {
  std::vector<Finding> syntax_errors;
  std::vector<FunctionFacts> functions;
  std::vector<ImportFacts> imports;
  std::vector<Finding> security;
};

// Where in the component a piece of telemetry points.
struct CodeSite {
  std::string path;
  FunctionFacts function;
};

struct ImportCheck {
  std::vector<Finding> problems;              // without file names
  std::vector<std::string> standard_library;  // top-level modules that need no dependency
};

struct TestRun {
  bool passed = false;
  std::string problem;  // why they did not pass
  std::string output;
  std::optional<int> count;  // of the tests that ran, where their output says it
  // Executable lines and those that ran, by file, lines 1-based.
  struct FileCoverage {
    std::string path;
    std::vector<int> executed, missing;
  };
  std::vector<FileCoverage> coverage;
};

// A deterministic change of code. Preconditions are proved: what a recipe writes is right.
struct Recipe {
  std::string_view name;           // "remember-results"; the author is "recipe:<name>"
  std::vector<InsightKind> mends;  // what it is tried for
  // kInvalidArgument with the broken precondition when it cannot be proved safe.
  Result<Change> (*write)(const ComponentTree& tree, const CodeSite& site) = nullptr;
};

// What holds for every component that is written in a language.
struct LanguageConventions {
  std::string name;                  // in the configuration, and as the tag of a fence
  std::string interpreter;           // where none is configured
  std::vector<std::string> sources;  // globs, where none are configured
  std::vector<std::string>
      protected_files;       // globs: tests, builds, start-up; no change touches them
  std::string example_file;  // a path as they look: "app/example.x"
};

class LanguageSupport {
 public:
  virtual ~LanguageSupport() = default;

  [[nodiscard]] virtual const LanguageConventions& conventions() const = 0;
  // In the order in which they are tried.
  [[nodiscard]] virtual std::span<const Recipe* const> recipes() const = 0;
  [[nodiscard]] virtual bool IsSource(const std::string& path) const = 0;
  virtual FileFacts Analyse(const std::string& path, const std::string& text) const = 0;
  // By the location, else by the innermost frame of the stack trace that lies in the component.
  virtual std::optional<CodeSite> Locate(const ComponentTree& tree, const CodeLocation& location,
                                         std::string_view stack_trace) const = 0;

  // Jobs for the sandbox; the caller adds root, files and limits.
  virtual SandboxJob ImportCheckJob(const std::string& interpreter,
                                    const std::vector<ImportFacts>& imports,
                                    const std::string& path) const = 0;  // of the importing file
  virtual Result<ImportCheck> ReadImportCheck(const SandboxRun& run) const = 0;
  virtual SandboxJob TestJob(const std::string& interpreter,
                             const std::vector<std::string>& command) const = 0;
  virtual Result<TestRun> ReadTestRun(const SandboxRun& run) const = 0;
};

}  // namespace ratchet
