#pragma once
// The gates in their order: first those that read, then those that run code, the cheap ones first.

#include <array>

#include "engine/gates/gate.h"

namespace ratchet::gates {

extern const Gate kScope, kSyntax, kComplexity, kSecurity, kImports, kTests, kCoverage;

inline constexpr std::array<const Gate*, 7> kAllGates = {
    &kScope, &kSyntax, &kComplexity, &kSecurity, &kImports, &kTests, &kCoverage};

// Evidence that the scores are made of.
inline constexpr std::string_view kComplexityMax = "complexity_max";  // of the changed functions
inline constexpr std::string_view kChangedLineCoverage = "changed_line_coverage";  // 0..1

}  // namespace ratchet::gates
