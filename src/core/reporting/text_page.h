#pragma once
// JSON documents of the API as pages for a terminal.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ratchet::reporting {

// Columns are aligned; long cells are cut at `width_max` characters.
std::string Table(const std::vector<std::vector<std::string>>& rows, size_t width_max = 72);

std::string CycleReportPage(const nlohmann::json& report);
std::string ImprovementPage(const nlohmann::json& improvement);
// All that a person needs to approve it: gates, scores, the change as a diff, looks.
std::string ImprovementDetails(const nlohmann::json& improvement);

}  // namespace ratchet::reporting
