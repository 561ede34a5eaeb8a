#include "core/validation/score.h"

#include <algorithm>

namespace ratchet::validation {
namespace {

constexpr double kLargeChange = 400;  // lines: from here on a change counts as large
double Size(const ScoreInput& input) { return std::min(1.0, input.changed_lines / kLargeChange); }

}  // namespace

double QualityScore(const ScoreInput& input) {
  const double complexity = std::clamp((input.complexity_max - 5) / 10.0, 0.0, 1.0);
  return std::clamp(
      1 - 0.20 * (1 - input.changed_line_coverage) - 0.05 * complexity - 0.05 * Size(input), 0.0,
      1.0);
}

double RiskScore(const ScoreInput& input) {
  const double author = input.author == Author::kRecipe ? 0.005 : 0.05;
  return std::clamp(author + 0.05 * (1 - input.changed_line_coverage) + 0.05 * Size(input) +
                        0.02 * (input.files - 1),
                    0.0, 1.0);
}

}  // namespace ratchet::validation
