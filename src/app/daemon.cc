#include "app/daemon.h"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "adapters/bwrap/bwrap_sandbox.h"
#include "adapters/clock/system_clock.h"
#include "adapters/curl/curl_http_client.h"
#include "adapters/files/in_place_deployer.h"
#include "adapters/files/report_folder.h"
#include "adapters/http/api.h"
#include "adapters/notify/webhook_notifier.h"
#include "adapters/python/python_support.h"
#include "adapters/sqlite/sqlite_state_store.h"
#include "app/state_folder.h"
#include "core/model/serialize.h"
#include "engine/author_chain.h"
#include "engine/gates.h"
#include "engine/loop.h"

namespace ratchet {
namespace {

// Writes every committed audit record to the log, as one JSON object a line.
class LoggedStateStore : public StateStore {
 public:
  LoggedStateStore(StateStore& inner, std::shared_ptr<spdlog::logger> log)
      : inner_(inner), log_(std::move(log)) {}
  Status Commit(const Transaction& tx) override {
    TRY_STATUS(inner_.Commit(tx));
    for (const AuditRecord& record : tx.audit) {
      log_->info(
          ToText({{"time", FormatInstant(record.at)},
                  {"level", "info"},
                  {"message", record.draft.action},
                  {"actor", record.draft.actor},
                  {"tenant", record.tenant.value},
                  {"component", record.component.value},
                  {"improvement", record.improvement.value},
                  {"details", nlohmann::json::parse(record.draft.details, nullptr, false)}}));
    }
    return {};
  }
  Result<PersistedState> Load() override { return inner_.Load(); }
  Result<Change> LoadChange(const ImprovementId& id) override { return inner_.LoadChange(id); }
  Result<double> ReservedOn(const std::string& day) override { return inner_.ReservedOn(day); }
  Result<std::vector<Improvement>> Improvements(const TenantFilter& f, int n) override {
    return inner_.Improvements(f, n);
  }
  Result<Improvement> FindImprovement(const TenantFilter& f, const ImprovementId& id) override {
    return inner_.FindImprovement(f, id);
  }
  Result<Cycle> FindCycle(const TenantFilter& f, const CycleId& id) override {
    return inner_.FindCycle(f, id);
  }
  Result<std::vector<Cycle>> Cycles(const TenantFilter& f, int n) override {
    return inner_.Cycles(f, n);
  }
  Result<std::vector<Insight>> Insights(const TenantFilter& f, int n) override {
    return inner_.Insights(f, n);
  }
  Result<std::vector<Opportunity>> Opportunities(const TenantFilter& f, int n) override {
    return inner_.Opportunities(f, n);
  }
  Result<std::vector<Alert>> Alerts(const TenantFilter& f, int n) override {
    return inner_.Alerts(f, n);
  }
  Result<AuditHead> Head() override { return inner_.Head(); }
  Result<StateTotals> Totals() override { return inner_.Totals(); }

 private:
  StateStore& inner_;
  std::shared_ptr<spdlog::logger> log_;
};

std::vector<AuthorChain::Link> LinksOf(const AppConfig& config, CodeGenerator* model) {
  std::vector<AuthorChain::Link> links;
  links.reserve(config.authors.size());
  for (const std::string& author : config.authors)
    links.push_back({author == "openai" ? model : nullptr});
  return links;
}

// What is looked after while the daemon runs.
class Housekeeping {
 public:
  Housekeeping(TelemetryStore& telemetry, DiskReserve& reserve, Notifier& notifier,
               const Clock& clock, spdlog::logger& log)
      : telemetry_(telemetry), reserve_(reserve), notifier_(notifier), clock_(clock), log_(log) {}

  // Once a second or so.
  void Tick() {
    const Instant now = clock_.Now();
    if (now >= space_at_) Space(now);
    if (now < expire_at_ || full_) return;  // also deleting takes space first
    expire_at_ = now + kHour;
    if (const auto expired = telemetry_.Expire(now); !expired) Complain(expired.error().message);
  }

 private:
  static constexpr Duration kMinute{60'000}, kHour{3'600'000};

  void Space(Instant now) {
    space_at_ = now + (reserve_.held() ? Duration(1000) : kMinute);
    const bool was_full = std::exchange(full_, !reserve_.held());
    if (!full_) return;
    const Status held = reserve_.Hold();
    full_ = !held;
    if (held || was_full) return;
    Complain(held.error().message);
    (void)notifier_.Send(
        {.severity = AlertSeverity::kCritical,
         .title = "the disk is full",
         .text = "telemetry is refused; watching and rolling back go on: " + held.error().message,
         .at = now});  // it went into the log before
  }

  void Complain(const std::string& message) {
    log_.error(
        ToText({{"time", FormatInstant(clock_.Now())}, {"level", "error"}, {"message", message}}));
  }

  TelemetryStore& telemetry_;
  DiskReserve& reserve_;
  Notifier& notifier_;
  const Clock& clock_;
  spdlog::logger& log_;
  Instant space_at_ = clock_.Now();
  Instant expire_at_ = clock_.Now() + kMinute;
  bool full_ = false;
};

// The signals are blocked in every thread; waits for one of them or for the engine's end.
void WaitForEnd(const sigset_t& signals, EngineLoop& loop, Housekeeping& housekeeping) {
  while (!loop.failed()) {
    const timespec second{1, 0};
    if (sigtimedwait(&signals, nullptr, &second) > 0) return;
    housekeeping.Tick();
  }
}

}  // namespace

Status RunDaemon(const AppConfig& given) {
  AppConfig config = given;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  TRY(StateFolder folder, StateFolder::Prepare(config.state_dir));
  TRY_STATUS(folder.Lock());
  TRY(const std::string audit_key, folder.AuditKey());
  const auto log = OpenJsonLog(folder.log_file());
  const SystemClock clock;
  DiskReserve reserve(folder.reserve_file());
  (void)reserve.Hold();  // housekeeping tells when it could not be set aside
  // Opening may write, too: a new schema, or the index of the log.
  const auto with_reserve = [&](const auto& open) {
    auto opened = open();
    if (opened || !reserve.held()) return opened;
    reserve.Release();
    return open();
  };
  TRY(auto state, with_reserve([&] {
        return SqliteStateStore::Open(
            {.path = folder.state_db(), .audit_key = audit_key, .reserve = &reserve});
      }));
  TRY(auto reader, SqliteStateStore::Open({.path = folder.state_db(),
                                           .audit_key = audit_key,
                                           .mode = sqlite::OpenMode::kReadOnly}));
  TRY(auto telemetry, with_reserve([&] {
        return SqliteTelemetryStore::Open(folder.telemetry_db(), config.telemetry, clock, &reserve);
      }));

  CurlHttpClient http_client;
  std::unique_ptr<OpenAiGenerator> model;
  if (config.openai) {
    model = std::make_unique<OpenAiGenerator>(*config.openai, http_client, clock,
                                              [](Duration d) { std::this_thread::sleep_for(d); });
  }
  const python::PythonSupport language;
  BwrapSandbox sandbox;
  files::InPlaceDeployer deployer(config.engine.components, http_client);
  AuthorChain author(language, LinksOf(config, model.get()), config.max_tokens);
  config.engine.generation_cost_bound_usd = author.CostBound();
  Gates gates(config.engine, language, sandbox, config.sandbox);
  WebhookNotifier notifier(config.webhook, http_client, log);
  files::ReportFolder reports(folder.reports());
  LoggedStateStore logged(*state, log);
  Performer performer(config.engine,
                      {clock, *telemetry, author, gates, deployer, notifier, reports});
  EngineLoop loop(config.engine, clock, logged, performer);
  if (const Status started = loop.Start(); !started)
    return std::unexpected(started.error().Within("start the engine"));

  http::Api api({loop, *reader, clock, folder.keys_file()});
  otlp::OtlpReceiver receiver(config.otlp, clock, *telemetry);
  TRY(const auto api_server,
      http::Server::Start(
          {.address = config.http_address, .port = config.http_port, .body_bytes_max = 1U << 20},
          [&](const http::Request& request) { return api.Handle(request); }));
  TRY(const auto otlp_server,
      http::Server::Start(
          {.address = config.otlp_address, .port = config.otlp_port, .threads = 2},
          [&](const http::Request& request) -> http::Response {
            const auto header = [&](const char* name) {
              const auto at = request.headers.find(name);
              return at == request.headers.end() ? std::string() : at->second;
            };
            if (request.method != "POST")
              return {.status = 405, .body = R"({"code":3,"message":"allowed: POST"})"};
            const auto answer = receiver.Receive(request.path, header("content-type"),
                                                 header("content-encoding"), request.body);
            return {.status = answer.status, .body = answer.body};
          }));
  const std::string where = fmt::format("http://{}:{}", config.http_address, api_server->port());
  fmt::print("ratchet {}: API on {}, OTLP on {}:{}, state in {}\n", RATCHET_VERSION, where,
             config.otlp_address, otlp_server->port(), folder.path());
  std::fflush(stdout);
  if (const auto works = sandbox.Probe(); !works) {
    fmt::print(stderr, "ratchet: {}: improvements will only be suggested\n", works.error().message);
  }
  log->info(ToText({{"time", FormatInstant(clock.Now())},
                    {"level", "info"},
                    {"message", "started"},
                    {"api", where}}));
  Housekeeping housekeeping(*telemetry, reserve, notifier, clock, *log);
  WaitForEnd(signals, loop, housekeeping);
  if (loop.failed()) {
    fmt::print(stderr, "ratchet: the engine stopped: {}\n", loop.failure());
    log->flush();
    std::_Exit(1);  // at once: whoever supervises it starts the next one
  }
  loop.Stop();
  // Effects on their way (a test run, a model's answer) are not waited for: the next daemon starts
  // them again, as it does after a crash.
  log->info(
      ToText({{"time", FormatInstant(clock.Now())}, {"level", "info"}, {"message", "stopped"}}));
  log->flush();
  std::_Exit(0);
}

}  // namespace ratchet
