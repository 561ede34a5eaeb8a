#include "app/daemon.h"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <thread>

#include "adapters/bwrap/bwrap_sandbox.h"
#include "adapters/clock/system_clock.h"
#include "adapters/curl/curl_http_client.h"
#include "adapters/files/in_place_deployer.h"
#include "adapters/files/report_folder.h"
#include "adapters/http/api.h"
#include "adapters/sqlite/sqlite_incident_store.h"
#include "adapters/sqlite/sqlite_series_reader.h"
#include "adapters/sqlite/sqlite_state_store.h"
#include "app/audit_check.h"
#include "app/authors.h"
#include "app/cautions.h"
#include "app/housekeeping.h"
#include "app/languages.h"
#include "app/logged_state_writer.h"
#include "app/notifiers.h"
#include "app/state_folder.h"
#include "core/model/serialize.h"
#include "engine/all_notifiers.h"
#include "engine/configured_languages.h"
#include "engine/gates/gates.h"
#include "engine/loop.h"

namespace ratchet {
namespace {

// Those that end the daemon wait, in every thread to come, until somebody asks for them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

struct Stores {
  std::unique_ptr<SqliteStateStore> state;
  std::unique_ptr<SqliteStateStore> reader;  // for the API: never waits for the engine
  std::unique_ptr<SqliteTelemetryStore> telemetry;
};

Result<Stores> OpenStores(const StateFolder& folder, const AppConfig& config, const Clock& clock,
                          DiskReserve& reserve) {
  TRY(const std::string audit_key, folder.AuditKey());
  // Opening may write, too: a new schema, or the index of the log.
  const auto with_reserve = [&](const auto& open) {
    auto opened = open();
    if (opened || !reserve.held()) return opened;
    reserve.Release();
    return open();
  };
  Stores stores;
  TRY(stores.state, with_reserve([&] {
        return SqliteStateStore::Open(
            {.path = folder.state_db(), .audit_key = audit_key, .reserve = &reserve});
      }));
  TRY(stores.reader, SqliteStateStore::Open({.path = folder.state_db(),
                                             .audit_key = audit_key,
                                             .mode = sqlite::OpenMode::kReadOnly}));
  TRY(stores.telemetry, with_reserve([&] {
        return SqliteTelemetryStore::Open(folder.telemetry_db(), config.telemetry, clock, &reserve);
      }));
  return stores;
}

http::Response AnswerOtlp(otlp::OtlpReceiver& receiver, const http::Request& request) {
  if (request.method != "POST")
    return {.status = 405,
            .body = R"({"code":12,"message":"allowed: POST"})",
            .headers = {{"Allow", "POST"}}};
  const auto header = [&](const char* name) {
    const auto at = request.headers.find(name);
    return at == request.headers.end() ? std::string() : at->second;
  };
  const auto answer = receiver.Receive(request.path, header("content-type"),
                                       header("content-encoding"), request.body);
  http::Response response{
      .status = answer.status, .content_type = answer.content_type, .body = answer.body};
  if (answer.retry_after_s > 0)
    response.headers["Retry-After"] = std::to_string(answer.retry_after_s);
  return response;
}

// The API, which knows nothing of the intake; its metrics get the intake's.
http::Response AnswerApi(http::Api& api, const otlp::OtlpReceiver& receiver,
                         const http::Request& request) {
  http::Response response = api.Handle(request);
  if (request.path != "/metrics" || response.status != 200) return response;
  response.body += "# TYPE ratchet_telemetry_dropped_total counter\n";
  for (const auto& [reason, count] : receiver.Dropped())
    response.body +=
        fmt::format("ratchet_telemetry_dropped_total{{reason=\"{}\"}} {}\n", reason, count);
  return response;
}

// Damage that nobody asked about.
void TellDamagedAudit(const StateFolder& folder, Notifier& notifier, const Clock& clock) {
  const auto audit = CheckAudit(folder);
  const std::string damage = audit ? audit->verdict.problem : audit.error().message;
  if (damage.empty()) return;
  fmt::print(stderr, "ratchet: the audit log is NOT INTACT: {}\n", damage);
  (void)notifier.Send({.severity = AlertSeverity::kCritical,
                       .title = "the audit log is not intact",
                       .text = damage,
                       .at = clock.Now()});
}

void TellCautions(const AppConfig& config) {
  for (const std::string& caution : Cautions(config))
    fmt::print(stderr, "ratchet: note: {}\n", caution);
  const EngineConfig& engine = config.engine;
  if (engine.generation_cost_bound_usd > engine.daily_budget_usd) {
    fmt::print(stderr,
               "ratchet: note: a generation may cost {:.2f} dollars, generation.daily_budget_usd "
               "is {:.2f}: no model is asked\n",
               engine.generation_cost_bound_usd, engine.daily_budget_usd);
  }
}

// The signals are blocked in every thread; waits for one of them or for the engine's end.
void WaitForEnd(const sigset_t& signals, EngineLoop& loop, Housekeeping& housekeeping) {
  while (!loop.failed()) {
    const timespec second{1, 0};
    if (sigtimedwait(&signals, nullptr, &second) > 0) return;
    housekeeping.Tick();
  }
}

std::string LogLine(const Clock& clock, const char* message) {
  return ToText({{"time", FormatInstant(clock.Now())}, {"level", "info"}, {"message", message}});
}

}  // namespace

Status RunDaemon(const AppConfig& given) {
  AppConfig config = given;
  for (const auto& [id, component] : config.engine.components)
    config.telemetry.configured[id] = component.tenants;
  const sigset_t signals = BlockSignals();
  TRY(StateFolder folder, StateFolder::Prepare(config.state_dir));
  TRY_STATUS(folder.Lock());
  const auto log = OpenJsonLog(folder.log_file());
  const SystemClock clock;
  DiskReserve reserve(folder.reserve_file());
  (void)reserve.Hold();  // housekeeping tells when it could not be set aside
  TRY(const Stores stores, OpenStores(folder, config, clock, reserve));
  SqliteTelemetryStore& telemetry = *stores.telemetry;
  SqliteSeriesReader series(folder.telemetry_db(), config.telemetry.resolution);
  SqliteIncidentStore incidents(folder.telemetry_db());

  CurlHttpClient http_client;
  const Authors authors(config, http_client, clock);
  const ConfiguredLanguages languages(config.engine.components, BuiltInLanguages());
  BwrapSandbox sandbox;
  files::FileSourceTree tree;
  files::InPlaceDeployer deployer(http_client);
  AuthorChain author(languages, authors.Links(), config.max_tokens);
  config.engine.generation_cost_bound_usd = author.CostBound();
  Gates gates(config.engine.components, languages, sandbox, config.sandbox);
  AllNotifiers notifier(ConfiguredNotifiers(config, http_client, log));
  files::ReportFolder reports(folder.reports());
  LoggedStateWriter logged(*stores.state, log);
  Performer performer(config.engine,
                      {clock, series, incidents, author, gates, tree, deployer, notifier, reports});
  EngineLoop loop(config.engine, clock, logged, *stores.state, performer);
  if (const Status started = loop.Start(); !started)
    return std::unexpected(started.error().Within("start the engine"));

  http::Api api({loop, *stores.reader, clock, folder.keys_file()});
  otlp::OtlpReceiver receiver(config.otlp, clock, telemetry);
  TRY(const auto api_server,
      http::Server::Start(
          {.address = config.http_address, .port = config.http_port, .body_bytes_max = 1U << 20},
          [&](const http::Request& request) { return AnswerApi(api, receiver, request); }));
  TRY(const auto otlp_server,
      http::Server::Start(
          {.address = config.otlp_address, .port = config.otlp_port, .threads = 2},
          [&](const http::Request& request) { return AnswerOtlp(receiver, request); }));
  const std::string where = fmt::format("http://{}:{}", config.http_address, api_server->port());
  fmt::print("ratchet {}: API on {}, OTLP on {}:{}, state in {}\n", RATCHET_VERSION, where,
             config.otlp_address, otlp_server->port(), folder.path());
  std::fflush(stdout);
  if (const auto works = sandbox.Probe(); !works) {
    fmt::print(stderr, "ratchet: {}: improvements will only be suggested\n", works.error().message);
  }
  log->info(LogLine(clock, "started"));
  TellCautions(config);
  const std::jthread audit([&] { TellDamagedAudit(folder, notifier, clock); });
  Housekeeping housekeeping(telemetry, reserve, notifier, clock, *log);
  WaitForEnd(signals, loop, housekeeping);
  if (loop.failed()) {
    fmt::print(stderr, "ratchet: the engine stopped: {}\n", loop.failure());
    log->flush();
    std::_Exit(1);  // at once: whoever supervises it starts the next one
  }
  loop.Stop();
  // Effects on their way (a test run, a model's answer) are not waited for: the next daemon starts
  // them again, as it does after a crash.
  log->info(LogLine(clock, "stopped"));
  log->flush();
  std::_Exit(0);
}

}  // namespace ratchet
