#pragma once
// The names of enumerators in JSON, on the command line and in logs ("awaiting_approval").

#include <optional>
#include <string_view>

#include "core/model/improvement.h"
#include "core/model/watch.h"

namespace ratchet {

std::string_view Name(InsightKind kind);
std::string_view Name(Severity severity);
std::string_view Name(Risk risk);
std::string_view Name(Level level);
std::string_view Name(Origin origin);
std::string_view Name(Reach reach);
std::string_view Name(Author author);
std::string_view Name(GateOutcome outcome);
std::string_view Name(LatencySource source);
std::string_view Name(Health health);
std::string_view Name(Verdict verdict);
std::string_view Name(ImprovementStatus status);
std::string_view Name(WatchStatus status);
std::string_view Name(WatchEnd end);
std::string_view Name(EndReason reason);
std::string_view Name(ReloadKind kind);
std::string_view Name(ProofKind kind);
std::string_view Name(TargetScope scope);
std::string_view Name(Autonomy autonomy);
std::string_view Name(Role role);
std::string_view Name(Priority priority);
std::string_view Name(CycleStatus status);
std::string_view Name(Trigger trigger);
std::string_view Name(AlertSeverity severity);
std::string_view Name(LogLevel level);

// The enumerator with this name, if any: Parse<Autonomy>("auto").
template <typename Enum>
std::optional<Enum> Parse(std::string_view name);

}  // namespace ratchet
