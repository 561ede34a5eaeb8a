// Every function with a changed line stays below the limit.

#include <fmt/format.h>

#include <algorithm>

#include "engine/gates/gate_list.h"

namespace ratchet::gates {
namespace {

constexpr int kLimit = 10;  // cyclomatic; below it is allowed

bool Touches(const FunctionFacts& function, const std::set<int>& lines) {
  const auto first = lines.lower_bound(function.first_line);
  return first != lines.end() && *first <= function.last_line;
}

Judgement Judge(Candidate& candidate) {
  std::vector<Finding> findings;
  int most = 1;
  for (const FileChange& file : candidate.change().files) {
    for (const FunctionFacts& function : candidate.FactsAfter(file).functions) {
      if (!Touches(function, candidate.ChangedLines(file))) continue;
      most = std::max(most, function.complexity);
      if (function.complexity < kLimit) continue;
      findings.push_back({file.path, function.first_line, "complexity",
                          fmt::format("{} has a cyclomatic complexity of {}; below {} is allowed",
                                      function.name, function.complexity, kLimit)});
    }
  }
  Judgement judgement = PassedWithout(std::move(findings));
  judgement.evidence = {
      {std::string(kComplexityMax), static_cast<double>(most), "", "of the changed functions"}};
  return judgement;
}

}  // namespace

const Gate kComplexity{"complexity", Needs::kReadable, Judge};

}  // namespace ratchet::gates
