#include "core/validation/static_gates.h"

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "core/base/glob.h"
#include "core/base/path.h"
#include "core/validation/line_diff.h"

namespace ratchet::validation {

const std::vector<std::string>& AlwaysProtected() {
  static const std::vector<std::string> kGlobs = {"**/tests/**",
                                                  "**/test/**",
                                                  "**/test_*",
                                                  "**/*_test.*",
                                                  "**/*_tests.*",
                                                  "**/*.test.*",
                                                  "**/*.spec.*",
                                                  "**/telemetry/**",
                                                  "**/telemetry.*",
                                                  "**/*telemetry*",
                                                  "**/tracing.*",
                                                  "**/metrics.*",
                                                  "**/logging_config.*",
                                                  "**/health/**",
                                                  "**/health.*",
                                                  "**/healthcheck*",
                                                  "**/health_check*",
                                                  "**/Makefile",
                                                  "**/CMakeLists.txt",
                                                  "**/Dockerfile*",
                                                  "**/docker-compose*",
                                                  "**/package.json",
                                                  "**/package-lock.json",
                                                  "**/*.lock",
                                                  "**/.*/**",
                                                  "**/.*",
                                                  "**/ratchet.toml"};
  return kGlobs;
}

std::vector<Finding> CheckScope(const ComponentConfig& component, const Change& change,
                                std::span<const std::string> of_language,
                                const SizeLimits& limits) {
  std::vector<Finding> findings;
  const auto add = [&](const std::string& file, const char* rule, std::string message) {
    findings.push_back({file, 0, rule, std::move(message)});
  };
  if (change.files.empty()) add("", "empty", "the change has no files");
  if (change.files.size() > limits.files) {
    add("", "size",
        fmt::format("{} files; at most {} are allowed", change.files.size(), limits.files));
  }
  int changed_lines = 0;
  for (const FileChange& file : change.files) {
    const auto normal = NormaliseRelativePath(file.path);
    if (!normal || *normal != file.path) {
      add(file.path, "path", normal ? "the path is not in its plain form" : normal.error().message);
      continue;
    }
    if (MatchesAny(AlwaysProtected(), file.path) || MatchesAny(of_language, file.path) ||
        MatchesAny(component.protected_files, file.path)) {
      add(file.path, "protected", "this file is protected");
    } else if (!MatchesAny(component.allowed, file.path)) {
      add(file.path, "not_allowed", "this file is not among the allowed ones");
    }
    if (!file.before) add(file.path, "new_file", "new files are not allowed");
    if (file.before && *file.before == file.after)
      add(file.path, "unchanged", "the file is not changed");
    if (file.after.size() > limits.file_bytes) {
      add(file.path, "size",
          fmt::format("{} bytes; at most {} are allowed", file.after.size(), limits.file_bytes));
    } else {
      changed_lines += static_cast<int>(ChangedLines(file.before.value_or(""), file.after).size());
    }
  }
  if (changed_lines > limits.changed_lines) {
    add("", "size",
        fmt::format("{} changed lines; at most {} are allowed", changed_lines,
                    limits.changed_lines));
  }
  return findings;
}

// The statement is part of what was known: eval("1 + 1") does not excuse eval(x).
std::vector<Finding> NewFindings(const std::vector<Finding>& before, std::vector<Finding> after) {
  const auto key = [](const Finding& finding) {
    return std::tuple(finding.rule, finding.message, finding.statement);
  };
  std::map<std::tuple<std::string, std::string, std::string>, int> known;
  for (const Finding& finding : before) ++known[key(finding)];
  std::erase_if(after, [&](const Finding& finding) { return known[key(finding)]-- > 0; });
  return after;
}

}  // namespace ratchet::validation
