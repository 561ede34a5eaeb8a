#pragma once
// The gates that need no sandbox: scope, and "nothing new" for findings of any kind.

#include <span>
#include <vector>

#include "core/model/change.h"
#include "core/model/component.h"

namespace ratchet::validation {

struct SizeLimits {
  size_t files = 10;
  size_t file_bytes = std::size_t{512} * 1024;
  int changed_lines = 600;
};

// Only allowed files of this component, within the limits; tests, telemetry, health checks, build
// files and Ratchet's own are never touched, whatever the configuration allows; `of_language` are
// the globs of such files that the component's language has.
std::vector<Finding> CheckScope(const ComponentConfig& component, const Change& change,
                                std::span<const std::string> of_language, const SizeLimits& limits);

// Globs that no configuration can open, in any language.
const std::vector<std::string>& AlwaysProtected();

// Findings of the new version that the old one did not have in the same statement; equal ones are
// counted, lines do not matter.
std::vector<Finding> NewFindings(const std::vector<Finding>& before, std::vector<Finding> after);

}  // namespace ratchet::validation
