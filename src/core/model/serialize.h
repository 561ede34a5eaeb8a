#pragma once
// The model as JSON: the form in which state is stored and shown by the API.
//
// Missing keys read as defaults, so that a newer program reads an older program's state.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/model/improvement.h"
#include "core/model/watch.h"

namespace ratchet {

nlohmann::json ToJson(const Insight& insight);
nlohmann::json ToJson(const Opportunity& opportunity);
nlohmann::json ToJson(const Change& change);
nlohmann::json ToJson(const ValidationReport& report);
nlohmann::json ToJson(const Baseline& baseline);
nlohmann::json ToJson(const ServiceMetrics& metrics);
nlohmann::json ToJson(const Look& look);
nlohmann::json ToJson(const Improvement& improvement);
nlohmann::json ToJson(const Watch& watch);
nlohmann::json ToJson(const TargetState& target);
nlohmann::json ToJson(const Cycle& cycle);
nlohmann::json ToJson(const Outcome& outcome);
nlohmann::json ToJson(const Alert& alert);
nlohmann::json ToJson(const AuditEntry& entry);

// Compact text; bytes that are no UTF-8 are replaced, never an exception.
std::string ToText(const nlohmann::json& json);

// FromJson<Improvement>(text). Errors: kDataLoss, naming the type and what is wrong.
template <typename T>
Result<T> FromJson(std::string_view text);

}  // namespace ratchet
