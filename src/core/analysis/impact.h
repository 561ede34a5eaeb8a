#pragma once
// How much an opportunity is worth, and which comes first (docs/analysis.md).

#include <vector>

#include "core/model/insight.h"

namespace ratchet::analysis {

// gain_% × users/h × frequency/day / 100, × severity, × 0.5 below confidence 0.7, × risk.
double ImpactScore(const Opportunity& opportunity);

// critical > 5000, high > 1000, medium > 100, low.
Level LevelOf(double score);

// Critical severity first; then by score in groups (a group starts at its highest score and takes
// all that reach 90 % of it); within a group lower risk, then higher confidence, then id.
void SortByPriority(std::vector<Opportunity>& opportunities);

}  // namespace ratchet::analysis
