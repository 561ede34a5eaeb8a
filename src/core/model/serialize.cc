#include "core/model/serialize.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/model/names.h"

namespace nlohmann {

template <typename Tag>
struct adl_serializer<ratchet::Id<Tag>> {
  static void to_json(json& j, const ratchet::Id<Tag>& id) { j = id.value; }
  static void from_json(const json& j, ratchet::Id<Tag>& id) { id.value = j.get<std::string>(); }
};

template <>
struct adl_serializer<ratchet::Duration> {
  static void to_json(json& j, const ratchet::Duration& d) { j = d.count(); }
  static void from_json(const json& j, ratchet::Duration& d) {
    d = ratchet::Duration(j.get<std::int64_t>());
  }
};

template <>
struct adl_serializer<ratchet::Instant> {
  static void to_json(json& j, const ratchet::Instant& t) { j = ratchet::ToMillis(t); }
  static void from_json(const json& j, ratchet::Instant& t) {
    t = ratchet::FromMillis(j.get<std::int64_t>());
  }
};

template <typename T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& j, const std::optional<T>& value) {
    if (value) {
      j = *value;
    } else {
      j = nullptr;
    }
  }
  static void from_json(const json& j, std::optional<T>& value) {
    if (j.is_null()) {
      value.reset();
    } else {
      value = j.get<T>();
    }
  }
};

// Enumerators are written by their names.
template <typename Enum>
  requires std::is_enum_v<Enum>
struct adl_serializer<Enum> {
  static void to_json(json& j, const Enum& value) { j = std::string(ratchet::Name(value)); }
  static void from_json(const json& j, Enum& value) {
    const auto parsed = ratchet::Parse<Enum>(j.get<std::string>());
    if (!parsed) throw std::invalid_argument("unknown value " + j.dump());
    value = *parsed;
  }
};

}  // namespace nlohmann

namespace ratchet {

#define RATCHET_JSON NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT

RATCHET_JSON(CodeLocation, file, function, line)
RATCHET_JSON(Window, begin, end)
RATCHET_JSON(TelemetryCounts, metrics, logs, events, spans)
RATCHET_JSON(Evidence, name, value, unit, note)
RATCHET_JSON(Insight, id, cycle, kind, tenant, component, operation, severity, confidence, summary,
             evidence, example, cause, code, found_at)
RATCHET_JSON(Figure, value, origin)
RATCHET_JSON(Opportunity, id, insight, cycle, kind, tenant, component, operation, reach,
             requirement, severity, risk, confidence, gain_pct, affected_users_per_hour,
             frequency_per_day, score, level, evidence, example, code, found_at)
RATCHET_JSON(FileChange, path, before, after)
RATCHET_JSON(Change, files, author, author_name, summary)
RATCHET_JSON(Finding, file, line, rule, message)
RATCHET_JSON(GateResult, gate, outcome, findings, took)
RATCHET_JSON(ValidationReport, gates, changed_line_coverage, quality, risk, sandbox_worked)
RATCHET_JSON(ServiceMetrics, latency_p50, latency_p95, latency_p99, error_rate, throughput,
             requests)
RATCHET_JSON(Moments, count, mean, deviation)
RATCHET_JSON(Baseline, window, operation, component, sources, others, log_p95)
RATCHET_JSON(Look, window, operation, component, health, degradation, slowed)
RATCHET_JSON(VerdictReason, verdict, rule, explanation, degradation, gain_low, gain_high, loss)
RATCHET_JSON(Approval, by, at)
RATCHET_JSON(TargetKey, component, tenant)
RATCHET_JSON(Improvement, id, cycle, opportunity, priority, status, created_at, changed_at,
             deployed_at, ended_at, round, repair_error, author_name, summary, author, tree_before,
             tree_after, validation, approval, target, baseline_tries, watch, end, reason,
             llm_tokens, llm_cost_usd)
RATCHET_JSON(JudgePolicy, degradation_threshold, duration, interval, requests_min, bad_looks,
             looks_min, loss_max)
RATCHET_JSON(WatchPolicy, judge, undo_tries_before_freeze, undo_retry, undo_retry_frozen)
RATCHET_JSON(ReloadConfig, kind, url, pid_file, signal, command, environment, timeout)
RATCHET_JSON(ProofConfig, kind, url, pointer, timeout)
RATCHET_JSON(TestConfig, command, timeout)
RATCHET_JSON(CanaryStep, share, duration)
RATCHET_JSON(ComponentConfig, id, tenants, root, language, interpreter, sources, allowed,
             protected_files, allowed_imports, tests, reload, proof, health_url, autonomy, canary,
             scope)
RATCHET_JSON(Watch, id, target, improvement, tenant, reach, operation, promise, version_before,
             version_after, policy, component, steps, fence, status, created_at, changed_at,
             deployed_at, ended_at, baseline, step, step_since, looks, looks_taken, verdict,
             undo_tries, reason, explanation, end)
RATCHET_JSON(SeenVersion, version, changed_at)
RATCHET_JSON(TargetState, target, frozen, frozen_reason, expected_version, changed_at, losses_kept,
             watch, fence, seen, unavailable, rehearsed_at, rehearsal_error, rehearsals_failed,
             rehearsed_settings)
RATCHET_JSON(Cycle, id, tenant, trigger, priority, actor, analysis_window, max_improvements, status,
             start_time, end_time, telemetry, opportunities_identified, improvements, error)
RATCHET_JSON(Outcome, improvement, at, reason, kind, tenant, component, operation, author,
             author_name, prompt_variant, version_before, version_after, llm_tokens, llm_cost_usd,
             failed, predicted_gain_pct, actual_gain_pct, kept)
RATCHET_JSON(Alert, severity, tenant, component, improvement, title, text, at)
RATCHET_JSON(AuditEntry, sequence, at, tenant, actor, improvement, component, action, details,
             previous_hash, hash)

#define RATCHET_DEFINE_JSON(Type)                                                       \
  nlohmann::json ToJson(const Type& value) { return nlohmann::json(value); }            \
  template <>                                                                           \
  Result<Type> FromJson<Type>(std::string_view text) {                                  \
    try {                                                                               \
      return nlohmann::json::parse(text).get<Type>();                                   \
    } catch (const std::exception& e) {                                                 \
      return Fail(ErrorCode::kDataLoss, fmt::format("stored " #Type ": {}", e.what())); \
    }                                                                                   \
  }

RATCHET_DEFINE_JSON(Insight)
RATCHET_DEFINE_JSON(Opportunity)
RATCHET_DEFINE_JSON(Change)
RATCHET_DEFINE_JSON(ValidationReport)
RATCHET_DEFINE_JSON(Baseline)
RATCHET_DEFINE_JSON(ServiceMetrics)
RATCHET_DEFINE_JSON(Look)
RATCHET_DEFINE_JSON(Improvement)
RATCHET_DEFINE_JSON(Watch)
RATCHET_DEFINE_JSON(TargetState)
RATCHET_DEFINE_JSON(Cycle)
RATCHET_DEFINE_JSON(Outcome)
RATCHET_DEFINE_JSON(Alert)
RATCHET_DEFINE_JSON(AuditEntry)

std::string ToText(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace ratchet
