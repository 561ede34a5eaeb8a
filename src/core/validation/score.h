#pragma once
// Quality and risk of a change that passed its gates; formulas and anchors: docs/validation.md.

#include "core/model/change.h"

namespace ratchet::validation {

struct ScoreInput {
  Author author = Author::kModel;
  double changed_line_coverage = 0;  // 0..1
  int complexity_max = 1;            // of the changed functions
  int changed_lines = 0;
  int files = 1;
};

// 1 − 0.20·(1 − coverage) − 0.05·headroom lost to complexity − 0.05·size.
double QualityScore(const ScoreInput& input);

// 0.005 for a recipe or 0.05 for a model, + 0.05·(1 − coverage) + 0.05·size + 0.02 a further file.
double RiskScore(const ScoreInput& input);

}  // namespace ratchet::validation
