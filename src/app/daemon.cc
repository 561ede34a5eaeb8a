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

 private:
  StateStore& inner_;
  std::shared_ptr<spdlog::logger> log_;
};

std::vector<AuthorChain::Link> LinksOf(const AppConfig& config, CodeGenerator* model) {
  std::vector<AuthorChain::Link> links;
  for (const std::string& author : config.authors)
    links.push_back({author == "openai" ? model : nullptr});
  return links;
}

// Blocks the signals in every thread, then waits for one of them, looking after the store
// meanwhile.
void WaitForEnd(const sigset_t& signals, EngineLoop& loop, TelemetryStore& telemetry,
                const Clock& clock, spdlog::logger& log) {
  Instant expire_at = clock.Now() + Duration(60'000);
  while (!loop.failed()) {
    const timespec second{1, 0};
    if (sigtimedwait(&signals, nullptr, &second) > 0) return;
    if (clock.Now() < expire_at) continue;
    expire_at = clock.Now() + Duration(3'600'000);
    const auto expired = telemetry.Expire(clock.Now());
    if (!expired)
      log.error(ToText({{"time", FormatInstant(clock.Now())},
                        {"level", "error"},
                        {"message", expired.error().message}}));
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
  TRY(auto state, SqliteStateStore::Open({.path = folder.state_db(), .audit_key = audit_key}));
  TRY(auto reader, SqliteStateStore::Open({.path = folder.state_db(),
                                           .audit_key = audit_key,
                                           .mode = sqlite::OpenMode::kReadOnly}));
  TRY(auto telemetry, SqliteTelemetryStore::Open(folder.telemetry_db(), config.telemetry, clock));

  CurlHttpClient http_client;
  std::unique_ptr<OpenAiGenerator> model;
  if (config.openai) {
    model = std::make_unique<OpenAiGenerator>(*config.openai, http_client, clock,
                                              [](Duration d) { std::this_thread::sleep_for(d); });
  }
  const python::PythonSupport language;
  BwrapSandbox sandbox;
  files::InPlaceDeployer deployer(config.engine.components, http_client);
  AuthorChain author(config.engine, language, LinksOf(config, model.get()), config.max_tokens);
  config.engine.generation_cost_bound_usd = author.CostBound();
  Gates gates(config.engine, language, sandbox, config.sandbox);
  WebhookNotifier notifier(config.webhook, http_client, log);
  LoggedStateStore logged(*state, log);
  Performer performer(config.engine, {clock, *telemetry, author, gates, deployer, notifier});
  EngineLoop loop(config.engine, clock, logged, performer);
  if (const Status started = loop.Start(); !started)
    return std::unexpected(started.error().Within("start the engine"));

  http::Api api({loop, *reader, clock, folder.keys_file(), folder.reports()});
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
  WaitForEnd(signals, loop, *telemetry, clock, *log);
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
