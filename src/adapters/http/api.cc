#include "adapters/http/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "core/model/names.h"
#include "core/model/serialize.h"
#include "core/reporting/report.h"
#include "core/reporting/unified_diff.h"

namespace ratchet::http {
namespace {

using Json = nlohmann::json;

constexpr int kListMax = 200;

int HttpStatus(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kResourceExhausted:
      return 429;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kTimeout:
      return 504;
    default:
      return 500;
  }
}

Response JsonResponse(const Json& json, int status = 200) {
  return {.status = status, .body = ToText(json)};
}

std::string BearerKey(const Request& request) {
  const auto at = request.headers.find("authorization");
  if (at == request.headers.end() || !Lowercase(at->second.substr(0, 7)).starts_with("bearer "))
    return {};
  return std::string(Trim(std::string_view(at->second).substr(7)));
}

// A page of another site must not speak for the person in front of the browser.
bool CrossSite(const Request& request) {
  const auto origin = request.headers.find("origin");
  if (origin == request.headers.end()) return false;
  const auto host = request.headers.find("host");
  return host == request.headers.end() || !origin->second.ends_with("//" + host->second);
}

Response NotAllowed(const Request& request) {
  const std::string allowed = request.path == "/health" ? "GET" : "GET, POST";
  Response response = ErrorResponse(
      {ErrorCode::kInvalidArgument, "method " + request.method + "; allowed: " + allowed});
  response.status = 405;
  response.headers["Allow"] = allowed;
  return response;
}

// Every key of the body must be one that the route knows, and of its type: a key that is misspelt
// would mean something else.
Status CheckBody(const Json& body, const std::map<std::string, Json::value_t>& known) {
  for (const auto& [key, value] : body.items()) {
    const auto at = known.find(key);
    std::string allowed;
    for (const auto& [name, type] : known) allowed += (allowed.empty() ? "" : ", ") + name;
    if (at == known.end()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("\"{}\" is not known; allowed: {}", Shorten(key, 60),
                              allowed.empty() ? "nothing" : allowed));
    }
    const bool fits = at->second == Json::value_t::string           ? value.is_string()
                      : at->second == Json::value_t::number_integer ? value.is_number_integer()
                                                                    : value.is_number();
    if (!fits) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: {}; allowed: {}", key, Shorten(ToText(value), 60),
                              at->second == Json::value_t::string           ? "text"
                              : at->second == Json::value_t::number_integer ? "a whole number"
                                                                            : "a number"));
    }
  }
  return {};
}

// "/api/v1/improvements/imp-1/approve" → {"improvements", "imp-1", "approve"}; names are decoded.
std::vector<std::string> Segments(const std::string& path) {
  constexpr std::string_view kPrefix = "/api/v1/";
  if (!path.starts_with(kPrefix)) return {};
  auto segments = Split(std::string_view(path).substr(kPrefix.size()), '/');
  for (std::string& segment : segments) segment = PercentDecode(segment);
  return segments;
}

}  // namespace

Response ErrorResponse(const Error& error) {
  return JsonResponse({{"error", {{"code", Name(error.code)}, {"message", error.message}}}},
                      HttpStatus(error.code));
}

Response Api::Handle(const Request& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && (request.method != "POST" || request.path == "/health")) return NotAllowed(request);
  if (request.path == "/health") {
    return JsonResponse(
        {{"status", ports_.loop.failed() ? "failed" : "ok"}, {"version", RATCHET_VERSION}},
        ports_.loop.failed() ? 503 : 200);
  }
  if (CrossSite(request))
    return ErrorResponse(
        {ErrorCode::kPermissionDenied, "requests of other sites are not answered"});
  const auto ring = KeyRing::Load(ports_.key_file);
  if (!ring) return ErrorResponse(ring.error());
  const auto who = ring->Find(BearerKey(request));
  if (!who) {
    Response refused =
        ErrorResponse({ErrorCode::kPermissionDenied,
                       BearerKey(request).empty() ? "a key is needed: Authorization: Bearer <key>"
                                                  : "this key is not known"});
    refused.status = 401;
    refused.headers["WWW-Authenticate"] = "Bearer";
    return refused;
  }
  return reads ? Get(request, *who) : Post(request, *who);
}

template <typename T>
Response Api::List(Result<std::vector<T>> items) {
  if (!items) return ErrorResponse(items.error());
  Json json = Json::array();
  for (const T& item : *items) json.push_back(ToJson(item));
  return JsonResponse(json);
}

Response Api::Get(const Request& request, const Principal& who) {
  if (request.path == "/metrics") {
    if (!who.tenants.tenants()) return Metrics();
    return ErrorResponse({ErrorCode::kPermissionDenied, "/metrics needs a key for all tenants"});
  }
  const auto segments = Segments(request.path);
  const std::string what = segments.empty() ? "" : segments[0];
  if (segments.size() == 2 && what == "improvements") return ShowImprovement(segments[1], who);
  if (segments.size() == 1) {
    if (what == "status") return SystemStatus(who);
    if (what == "report") return Report(request, who);
    const std::scoped_lock lock(mutex_);
    if (what == "insights") return List(ports_.reader.Insights(who.tenants, kListMax));
    if (what == "opportunities") return List(ports_.reader.Opportunities(who.tenants, kListMax));
    if (what == "improvements") return List(ports_.reader.Improvements(who.tenants, kListMax));
    if (what == "cycles") return List(ports_.reader.Cycles(who.tenants, kListMax));
    if (what == "alerts") return List(ports_.reader.Alerts(who.tenants, kListMax));
  }
  return ErrorResponse({ErrorCode::kNotFound, "no such route: " + request.path});
}

Response Api::Post(const Request& request, const Principal& who) {
  const auto segments = Segments(request.path);
  const Json body =
      request.body.empty() ? Json::object() : Json::parse(request.body, nullptr, false);
  if (!body.is_object())
    return ErrorResponse({ErrorCode::kInvalidArgument, "the body is no JSON object"});
  if (segments.size() == 1 && segments[0] == "cycles") return TriggerCycle(body, who);
  const bool rejects = segments.size() == 3 && segments[2] == "reject";
  const auto known = rejects ? std::map<std::string, Json::value_t>{{"why", Json::value_t::string}}
                             : std::map<std::string, Json::value_t>{};
  if (const auto fits = CheckBody(body, known); !fits) return ErrorResponse(fits.error());
  if (segments.size() == 1 && segments[0] == "stop")
    return Command([who](Engine& e) { return e.Stop(who); });
  if (segments.size() == 1 && segments[0] == "resume")
    return Command([who](Engine& e) { return e.Resume(who); });
  if (segments.size() == 3 && segments[0] == "components" && segments[2] == "release") {
    return Command([who, id = ComponentId(segments[1])](Engine& e) { return e.Release(id, who); });
  }
  if (segments.size() == 3 && segments[0] == "improvements") {
    const ImprovementId id(segments[1]);
    if (segments[2] == "approve")
      return Command([who, id](Engine& e) { return e.Approve(id, who); });
    if (segments[2] == "rollback")
      return Command([who, id](Engine& e) { return e.RollBack(id, who); });
    if (segments[2] == "reject") {
      const std::string why = body.value("why", "");
      return Command([who, id, why](Engine& e) { return e.Reject(id, who, why); });
    }
  }
  return ErrorResponse({ErrorCode::kNotFound, "no such route: " + request.path});
}

Response Api::Command(const std::function<Status(Engine&)>& run) {
  const auto done = ports_.loop.Ask<bool>([run](Engine& engine) -> Result<bool> {
    TRY_STATUS(run(engine));
    return true;
  });
  return done ? JsonResponse({{"ok", true}}) : ErrorResponse(done.error());
}

static Result<CycleRequest> ReadCycleRequest(const Json& body) {
  using enum Json::value_t;
  TRY_STATUS(CheckBody(body, {{"tenant_id", string},
                              {"priority", string},
                              {"analysis_window_hours", number_float},
                              {"max_improvements", number_integer}}));
  CycleRequest cycle;
  const auto refuse = [&](const char* key, const char* allowed) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {}; allowed: {}", key, Shorten(ToText(body[key]), 60), allowed));
  };
  const std::string tenant = body.value("tenant_id", "");
  constexpr size_t kTenantBytesMax = 200;
  if (tenant.size() > kTenantBytesMax) return refuse("tenant_id", "at most 200 bytes");
  cycle.tenant = TenantId(tenant);
  const auto priority = Parse<Priority>(body.value("priority", "normal"));
  if (!priority) return refuse("priority", "normal, emergency");
  cycle.priority = *priority;
  if (body.contains("analysis_window_hours")) {
    const double hours = body["analysis_window_hours"].get<double>();
    if (!(hours >= 1.0 / 60 && hours <= 24.0 * 35))
      return refuse("analysis_window_hours", "a minute (1/60) to 840");
    cycle.analysis_window = Duration(static_cast<std::int64_t>(hours * 3'600'000));
  }
  if (body.contains("max_improvements")) {
    const auto most = body["max_improvements"].get<double>();
    if (!(most >= 0 && most <= 100)) return refuse("max_improvements", "0 to 100");
    cycle.max_improvements = static_cast<int>(most);
  }
  return cycle;
}

Response Api::TriggerCycle(const Json& body, const Principal& who) {
  const auto cycle = ReadCycleRequest(body);
  if (!cycle) return ErrorResponse(cycle.error());
  const auto started = ports_.loop.Ask<CycleId>(
      [request = *cycle, who](Engine& engine) { return engine.TriggerCycle(request, who); });
  if (!started) return ErrorResponse(started.error());
  return JsonResponse({{"cycle_id", started->value}}, 202);
}

Response Api::SystemStatus(const Principal& who) {
  auto status = ports_.loop.Ask<std::string>([who, now = ports_.clock.Now()](
                                                 Engine& engine) -> Result<std::string> {
    Json active = Json::array(), components = Json::array(), cycles = Json::array();
    for (const auto& [id, improvement] : engine.active()) {
      if (!who.tenants.Allows(improvement.opportunity.tenant) || IsTerminal(improvement.status))
        continue;
      const auto watch = engine.watches().find(improvement.watch);
      active.push_back({{"improvement_id", id.value},
                        {"status", Name(improvement.status)},
                        {"component", improvement.opportunity.component.value},
                        {"operation", improvement.opportunity.operation},
                        {"summary", improvement.summary},
                        {"looks", watch == engine.watches().end() ? 0 : watch->second.looks_taken},
                        {"approved", improvement.approval.has_value()}});
    }
    // Components and cycles may be shared: keys of single tenants see their improvements only.
    const bool sees_all = !who.tenants.tenants();
    for (const auto& [key, component] : engine.targets()) {
      if (!sees_all) break;
      components.push_back({{"component", key.component.value},
                            {"tenant", key.tenant.value},
                            {"frozen", component.frozen},
                            {"frozen_reason", component.frozen_reason},
                            {"rehearsed", component.rehearsed_at.has_value()},
                            {"rehearsal_error", component.rehearsal_error}});
    }
    for (const auto& [id, cycle] : engine.cycles())
      if (sees_all || who.tenants.Allows(cycle.tenant)) {
        cycles.push_back({{"cycle_id", id.value}, {"status", Name(cycle.status)}});
      }
    return ToText({{"time", FormatInstant(now)},
                   {"stopped", engine.stopped()},
                   {"version", RATCHET_VERSION},
                   {"effects_pending", engine.pending_effects()},
                   {"cycles", cycles},
                   {"improvements", active},
                   {"components", components}});
  });
  if (!status) return ErrorResponse(status.error());
  return {.body = *status};
}

Response Api::ShowImprovement(const std::string& id, const Principal& who) {
  const std::scoped_lock lock(mutex_);
  const auto improvement = ports_.reader.FindImprovement(who.tenants, ImprovementId(id));
  if (!improvement) return ErrorResponse(improvement.error());
  std::optional<Watch> watch;
  if (!improvement->watch.empty()) {
    auto found = ports_.reader.FindWatch(who.tenants, improvement->watch);
    if (!found) return ErrorResponse(found.error());
    watch = std::move(*found);
  }
  Json json = reporting::Assessment(*improvement, watch);
  json["watch"] = watch ? ToJson(*watch) : Json();
  if (watch) json["watch"].erase("component");  // how it is reloaded is its owner's alone
  json["state"] = ToJson(*improvement);
  if (const auto change = ports_.reader.LoadChange(improvement->id)) {
    json["change"] = ToJson(*change);
    std::string diff;
    for (const FileChange& file : change->files) diff += reporting::UnifiedDiff(file);
    json["diff"] = diff;
  }
  return JsonResponse(json);
}

Response Api::Report(const Request& request, const Principal& who) {
  const std::scoped_lock lock(mutex_);
  CycleId id;
  if (const auto wanted = request.query.find("cycle"); wanted != request.query.end()) {
    id = CycleId(wanted->second);
  } else {
    const auto latest = ports_.reader.Cycles(who.tenants, 1);
    if (!latest) return ErrorResponse(latest.error());
    if (latest->empty()) return ErrorResponse({ErrorCode::kNotFound, "there was no cycle yet"});
    id = latest->front().id;
  }
  const auto account = ReadCycleAccount(ports_.reader, who.tenants, id);
  if (!account) return ErrorResponse(account.error());
  return {.body = SignedReport(*account, ports_.clock.Now())};
}

Response Api::Metrics() {
  MetricsInput input;
  {
    const std::scoped_lock lock(mutex_);
    const auto totals = ports_.reader.Totals();
    if (!totals) return ErrorResponse(totals.error());
    input.totals = *totals;
  }
  const auto live = ports_.loop.Ask<std::pair<size_t, bool>>(
      [](Engine& engine) -> Result<std::pair<size_t, bool>> {
        return std::pair(engine.pending_effects(), engine.stopped());
      });
  if (live) std::tie(input.effects_pending, input.stopped) = *live;
  return {.content_type = "text/plain; version=0.0.4", .body = PrometheusText(input)};
}

}  // namespace ratchet::http
