#include "app/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "app/config_reader.h"
#include "app/toml_syntax.h"
#include "core/base/text.h"
#include "core/model/names.h"

namespace ratchet {
namespace {

namespace fs = std::filesystem;
using Table = ConfigReader::Table;

constexpr Duration kSecond{1000}, kHour{3'600'000}, kDay{86'400'000};
const std::vector<std::string> kAutonomies = {"observe", "suggest", "approve", "auto"};

// The profiles of DESIGN section 9.
void ApplyProfile(const std::string& name, EngineConfig& engine) {
  const auto set = [&](int hours, int concurrent, double quality, double risk, int seconds,
                       double threshold) {
    engine.schedule.interval = kHour * hours;
    engine.limits.concurrent_max = concurrent;
    engine.policy.quality_min = quality;
    engine.policy.risk_max = risk;
    engine.policy.judge.duration = kSecond * seconds;
    engine.policy.judge.degradation_threshold = threshold;
  };
  if (name == "basic") set(24, 3, 0.85, 0.1, 3600, 0.10);
  if (name == "conservative") set(168, 1, 0.95, 0.05, 7200, 0.05);
  if (name == "aggressive") set(6, 5, 0.75, 0.2, 1800, 0.15);
}

Result<Duration> ParseTimeOfDay(const std::string& text) {
  int hours = 0, minutes = 0;
  char more = 0;
  const bool read =
      std::sscanf(text.c_str(), "%2d:%2d%c", &hours, &minutes, &more) == 2 && text.size() == 5;
  if (!read || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("\"{}\"; allowed: a time of day from 00:00 to 23:59, e.g. \"02:00\"", text));
  }
  return kHour * hours + Duration(60'000) * minutes;
}

class Reading {
 public:
  Reading(AppConfig& config, std::string base) : config_(config), base_(std::move(base)) {}

  // The environment's name for the model's key.
  [[nodiscard]] const std::string& key_variable() const { return key_variable_; }

  void All(Table& root) {
    EngineConfig& engine = config_.engine;
    root.OneOf("profile", {"basic", "conservative", "aggressive"},
               [&](const std::string& p) { ApplyProfile(p, engine); });
    std::string state = "ratchet-state";
    root.Text("state_dir", state);
    config_.state_dir = Absolute(state);
    root.Flag("self_building", engine.self_building);
    root.Flag("autonomous_improvements", engine.autonomous_improvements);
    Network(root);
    Telemetry(root);
    Analysis(root);
    Cycles(root);
    Monitoring(root);
    Generation(root);
    Sandboxing(root);
    Tenants(root);
    root.EachTable("component", [&](Table& table) { Component(table); });
    CheckBaseline(root);
    CheckState(root);
    root.Finish();
  }

 private:
  [[nodiscard]] std::string Absolute(const std::string& path) const {
    return fs::path(path).is_absolute() ? fs::path(path).lexically_normal().string()
                                        : (fs::path(base_) / path).lexically_normal().string();
  }

  void Network(Table& root) {
    Table http = root.Sub("http");
    http.Text("address", config_.http_address);
    http.Integer("port", config_.http_port, 0, 65535);
    http.Finish();
    Table otlp = root.Sub("otlp");
    otlp.Text("address", config_.otlp_address);
    otlp.Integer("port", config_.otlp_port, 0, 65535);
    otlp.Text("tenant_attribute", config_.otlp.tenant_attribute);
    otlp.Text("default_tenant", config_.otlp.default_tenant);
    otlp.Texts("latency_metrics", config_.otlp.latency_metrics);
    if (config_.otlp_port != 0 && config_.otlp_port == config_.http_port)
      otlp.Wrong("port", std::to_string(config_.otlp_port), "another port than that of [http]");
    if (config_.otlp.tenant_attribute.empty())
      otlp.Wrong("tenant_attribute", "\"\"", "the attribute that names the tenant");
    otlp.Finish();
    Table alerts = root.Sub("alerts");
    alerts.Text("webhook", config_.webhook);
    CheckUrl(alerts, "webhook", config_.webhook);
    alerts.Finish();
  }

  void Telemetry(Table& root) {
    Table t = root.Sub("telemetry");
    t.Period("resolution", config_.telemetry.resolution, kSecond, kSecond * 60);
    t.Period("retention", config_.telemetry.retention, kHour, kDay * 400);
    t.Integer("series_max", config_.telemetry.series_max, 1, 10'000'000);
    t.Period("delay", config_.engine.telemetry_delay, Duration(0), kHour);
    t.Finish();
  }

  void Analysis(Table& root) {
    analysis::DetectorPolicy& d = config_.engine.detectors;
    Table t = root.Sub("analysis");
    t.Period("current", config_.engine.analysis_current, kSecond * 10, kDay * 7);
    t.Period("baseline", config_.engine.analysis_baseline, kSecond * 10, kDay * 35);
    if (config_.engine.analysis_baseline > config_.telemetry.retention)
      t.Wrong("baseline", FormatDuration(config_.engine.analysis_baseline),
              "at most telemetry.retention (" + FormatDuration(config_.telemetry.retention) + ")");
    t.Number("latency_sigmas", d.latency_sigmas, 0, 100);
    t.Number("latency_worse", d.latency_worse_share, 0, 100);
    t.Number("error_rate_increase", d.error_rate_increase, 0, 1);
    t.Number("throughput_drop", d.throughput_drop_share, 0, 1);
    t.Integer("exceptions_an_hour", d.exceptions_an_hour, 0, 1'000'000);
    t.Number("repeat_share_min", d.repeat_share_min, 0, 1);
    t.Number("repeat_gain_min", d.repeat_gain_share_min, 0, 1);
    t.Number("slow_ms", d.slow_ms, 0, 1e6);
    t.Integer("requests_min", d.requests_min, 1, 1'000'000);
    t.Finish();
  }

  void Cycles(Table& root) {
    EngineConfig& e = config_.engine;
    Table t = root.Sub("cycle");
    t.Flag("scheduled", e.schedule.enabled);
    t.Period("interval", e.schedule.interval, kSecond * 60, kDay * 365);
    std::string start;
    t.Text("start_time", start);
    if (!start.empty()) {
      const auto time = ParseTimeOfDay(start);
      if (time)
        e.schedule.start_time = *time;
      else
        t.Wrong("start_time", "\"" + start + "\"", "a time of day from 00:00 to 23:59");
    }
    t.Period("analysis_window", e.analysis_window, kSecond * 10, kDay * 35);
    t.Integer("max_improvements", e.max_improvements, 0, 100);
    t.Integer("max_concurrent", e.limits.concurrent_max, 1, 100);
    t.Number("quality_min", e.policy.quality_min, 0, 1);
    t.Number("risk_max", e.policy.risk_max, 0, 1);
    t.Period("approval_ttl", e.policy.approval_ttl, kSecond, kDay * 30);
    t.Finish();
  }

  void Monitoring(Table& root) {
    EngineConfig& e = config_.engine;
    monitoring::JudgePolicy& j = e.policy.judge;
    Table t = root.Sub("monitoring");
    t.Period("duration", j.duration, kSecond, kDay * 7);
    t.Period("interval", j.interval, kSecond, kHour);
    t.Number("degradation_threshold", j.degradation_threshold, 0.001, 10);
    t.Integer("requests_min", j.requests_min, 1, 1'000'000);
    t.Integer("bad_looks", j.bad_looks, 1, 100);
    t.Integer("looks_min", j.looks_min, 2, 1000);
    t.Period("baseline", e.baseline_window, kSecond * 5, kDay * 35);
    t.Period("baseline_for_auto", e.policy.baseline_for_auto, Duration(0), kDay * 35);
    t.Period("rollback_retry", e.policy.rollback_retry, Duration(100), kHour);
    if (j.interval > j.duration)
      t.Wrong("interval", FormatDuration(j.interval) + " is longer than the watch",
              "at most duration (" + FormatDuration(j.duration) + ")");
    if (j.interval * j.looks_min > j.duration * 2)
      t.Wrong("looks_min", std::to_string(j.looks_min) + " looks do not fit into twice the watch",
              "fewer, or a shorter interval");
    t.Finish();
  }

  void Generation(Table& root) {
    Table t = root.Sub("generation");
    t.Texts("order", config_.authors);
    for (const std::string& author : config_.authors) {
      if (author != "recipes" && author != "openai")
        t.Wrong("order", "\"" + author + "\"", "recipes, openai");
    }
    t.Integer("max_tokens", config_.max_tokens, 100, 200'000);
    t.Number("daily_budget_usd", config_.engine.daily_budget_usd, 0, 1e6);
    const bool wanted = std::find(config_.authors.begin(), config_.authors.end(), "openai") !=
                        config_.authors.end();
    Table o = t.Sub("openai");
    if (wanted || t.Has("openai")) OpenAi(t, o);
    if (!wanted && t.Has("openai"))
      t.Wrong("order", "has no \"openai\", which [generation.openai] configures",
              "[\"recipes\", \"openai\"]");
    o.Finish();
    t.Finish();
  }

  void OpenAi(Table& parent, Table& o) {
    OpenAiConfig model;
    std::string key_variable = "OPENAI_API_KEY";
    double price_in = -1, price_out = -1;
    double temperature = 0.1;
    bool send_temperature = true;
    o.Text("base_url", model.base_url);
    o.Text("model", model.model);
    o.Text("api_key_env", key_variable);
    o.Period("timeout", model.timeout, kSecond, kHour);
    o.Integer("retries", model.retries, 0, 10);
    o.Number("temperature", temperature, 0, 2);
    o.Flag("send_temperature", send_temperature);
    o.Number("usd_per_million_in", price_in, 0, 1e6);
    o.Number("usd_per_million_out", price_out, 0, 1e6);
    o.OneOf("token_parameter", {"max_tokens", "max_completion_tokens"},
            [&](const std::string& p) { model.token_parameter = p; });
    if (!IsUrl(model.base_url))
      parent.Wrong("openai", "base_url \"" + model.base_url + "\"",
                   "an http or https URL, e.g. \"http://127.0.0.1:8080/v1\"");
    if (model.model.empty()) parent.Wrong("openai", "model \"\"", "the model's name");
    // An unknown price counts as the dearest known one; a model on this machine costs no money.
    const bool local = model.base_url.find("//127.0.0.1") != std::string::npos ||
                       model.base_url.find("//localhost") != std::string::npos;
    constexpr double kDearestIn = 75, kDearestOut = 150;  // US dollars a million tokens, 2026
    model.usd_per_million_in = price_in >= 0 ? price_in : local ? 0 : kDearestIn;
    model.usd_per_million_out = price_out >= 0 ? price_out : local ? 0 : kDearestOut;
    model.temperature = send_temperature ? std::optional(temperature) : std::nullopt;
    key_variable_ = key_variable;
    config_.openai = model;
  }

  void Sandboxing(Table& root) {
    Table t = root.Sub("sandbox");
    std::uint64_t memory_mb = config_.sandbox.memory_bytes >> 20,
                  disk_mb = config_.sandbox.disk_bytes >> 20;
    t.Integer("memory_mb", memory_mb, 64, 1'000'000);
    t.Integer("disk_mb", disk_mb, 16, 100'000);
    t.Integer("processes", config_.sandbox.processes, 4, 10'000);
    config_.sandbox.memory_bytes = memory_mb << 20;
    config_.sandbox.disk_bytes = disk_mb << 20;
    t.Finish();
  }

  void Tenants(Table& root) {
    root.EachNamed("tenants", [&](const std::string& name, Table& t) {
      TenantOverrides own;
      int concurrent = 0;
      double risk = -1;
      Duration duration{0};
      t.Flag("enabled", own.enabled);
      t.Integer("max_concurrent", concurrent, 1, 100);
      t.Number("risk_tolerance", risk, 0, 1);
      t.Period("monitoring_duration", duration, kSecond, kDay * 7);
      t.OneOf("autonomy", kAutonomies,
              [&](const std::string& a) { own.autonomy = Parse<Autonomy>(a); });
      if (risk >= 0) own.risk_tolerance = risk;
      if (duration > Duration(0)) own.monitoring_duration = duration;
      if (concurrent > 0) config_.engine.limits.tenant_max[TenantId(name)] = concurrent;
      config_.engine.tenants[TenantId(name)] = own;
    });
  }

  void Component(Table& t) {
    ComponentConfig c;
    std::string name, root;
    std::vector<std::string> tenants;
    t.Text("name", name);
    t.Text("root", root);
    t.Texts("tenants", tenants);
    t.OneOf("language", {"python"}, [&](const std::string& l) { c.language = l; });
    t.Text("interpreter", c.interpreter);
    t.Texts("sources", c.sources);
    c.allowed = c.sources;
    t.Texts("allowed", c.allowed);
    t.Texts("protected", c.protected_files);
    t.Texts("allowed_imports", c.allowed_imports);
    t.Text("health_url", c.health_url);
    CheckUrl(t, "health_url", c.health_url);
    t.OneOf("autonomy", kAutonomies,
            [&](const std::string& a) { c.autonomy = *Parse<Autonomy>(a); });
    if (!IsName(name))
      t.Wrong(
          "name", "\"" + name + "\"",
          "the name that its telemetry carries as component or service.name, without slashes or "
          "control characters");
    for (const std::string& tenant : tenants) {
      if (!IsName(tenant) || std::ranges::count(tenants, tenant) > 1)
        t.Wrong("tenants", "\"" + tenant + "\"", "names, each once, without control characters");
    }
    CheckGlobs(t, "sources", c.sources);
    CheckGlobs(t, "allowed", c.allowed);
    c.id = ComponentId(name);
    for (const std::string& tenant : tenants) c.tenants.emplace_back(tenant);
    CheckRoot(t, root, c);
    Tests(t, c);
    Reload(t, c);
    Proof(t, c);
    if (!config_.engine.components.emplace(c.id, c).second)
      t.Wrong("name", "\"" + name + "\"", "a name that no other component has");
  }

  // What could never happen is a mistake, not a wait.
  void CheckBaseline(Table& root) {
    const EngineConfig& e = config_.engine;
    const bool by_itself = std::ranges::any_of(
        e.components, [](const auto& c) { return c.second.autonomy == Autonomy::kAuto; });
    if (!by_itself || e.baseline_window * 10 >= e.policy.baseline_for_auto * 9) return;
    root.Wrong("monitoring",
               "baseline is " + FormatDuration(e.baseline_window) +
                   ", and autonomy \"auto\" needs " + FormatDuration(e.policy.baseline_for_auto),
               "a baseline of at least baseline_for_auto");
  }

  void CheckRoot(Table& t, const std::string& root, ComponentConfig& c) {
    c.root = Absolute(root);
    while (c.root.size() > 1 && c.root.ends_with('/')) c.root.pop_back();
    std::error_code error;
    const auto status = fs::symlink_status(c.root, error);
    if (root.empty() || root.find('\0') != std::string::npos || c.root == "/")
      return t.Wrong("root", "\"" + root + "\"", "the folder of the component's code");
    if (!fs::exists(status))
      return t.Wrong("root", "\"" + c.root + "\" does not exist", "an existing folder");
    if (fs::is_symlink(status))
      return t.Wrong("root", "\"" + c.root + "\" is a symbolic link", "the folder itself");
    if (!fs::is_directory(status))
      return t.Wrong("root", "\"" + c.root + "\" is no folder", "an existing folder");
    // Only the last name may not be a link; what leads there is resolved once, here.
    c.root = fs::canonical(c.root, error).string();
    for (const auto& [id, other] : config_.engine.components) {
      const bool nested = (c.root + "/").starts_with(other.root + "/") ||
                          (other.root + "/").starts_with(c.root + "/");
      if (nested)
        t.Wrong("root", "\"" + c.root + "\" overlaps that of " + id.value, "a folder of its own");
    }
  }

  // What is written into the state would change the code.
  void CheckState(Table& root) {
    const std::string state = config_.state_dir + "/";
    for (const auto& [id, component] : config_.engine.components) {
      if ((component.root + "/").starts_with(state))
        root.Wrong("state_dir", "\"" + config_.state_dir + "\" holds the root of " + id.value,
                   "a folder of its own");
    }
  }

  static bool IsUrl(const std::string& url) {
    const size_t host = url.starts_with("http://")    ? 7
                        : url.starts_with("https://") ? 8
                                                      : url.size();
    const bool named = host < url.size() && url[host] != '/' && url[host] != ':';
    return named &&
           std::ranges::none_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
  }

  static bool IsName(const std::string& name) {
    return !name.empty() && std::ranges::none_of(name, [](char c) {
      return static_cast<unsigned char>(c) < ' ' || c == '/' || c == 127;
    });
  }

  static void CheckGlobs(Table& t, const char* key, const std::vector<std::string>& globs) {
    if (globs.empty()) t.Wrong(key, "[]", "globs of files below the root, e.g. \"app/**/*.py\"");
    for (const std::string& glob : globs) {
      if (glob.empty() || glob.starts_with('/') ||
          ("/" + glob + "/").find("/../") != std::string::npos)
        t.Wrong(key, "\"" + glob + "\"", "globs of files below the root, e.g. \"app/**/*.py\"");
    }
  }

  static void CheckUrl(Table& t, const char* key, const std::string& url) {
    if (!url.empty() && !IsUrl(url)) t.Wrong(key, "\"" + url + "\"", "an http or https URL");
  }

  static void CheckWords(Table& t, const std::vector<std::string>& command) {
    if (!command.empty() && command.front().empty())
      t.Wrong("command", "[\"\"]", "a program and its arguments");
    for (const std::string& word : command)
      if (word.find('\0') != std::string::npos)
        t.Wrong("command", "a word with a zero byte", "text");
  }

  void Tests(Table& parent, ComponentConfig& c) {
    Table t = parent.Sub("tests");
    t.Texts("command", c.tests.command);
    if (t.Has("command") && c.tests.command.empty())
      t.Wrong("command", "[]", "a program and its arguments");
    CheckWords(t, c.tests.command);
    t.Period("timeout", c.tests.timeout, kSecond, kHour * 4);
    t.Finish();
  }

  void Reload(Table& parent, ComponentConfig& c) {
    Table t = parent.Sub("reload");
    t.Text("http", c.reload.url);
    t.Texts("command", c.reload.command);
    t.Texts("environment", c.reload.environment);
    t.Text("pid_file", c.reload.pid_file);
    t.OneOf("signal", {"HUP", "USR1", "USR2", "TERM"},
            [&](const std::string& s) { c.reload.signal = s; });
    t.Period("timeout", c.reload.timeout, Duration(100), kHour);
    if (!c.reload.url.empty())
      c.reload.kind = ReloadKind::kHttp;
    else if (!c.reload.command.empty())
      c.reload.kind = ReloadKind::kCommand;
    else if (!c.reload.pid_file.empty())
      c.reload.kind = ReloadKind::kSignal;
    const int ways = !c.reload.url.empty() + !c.reload.command.empty() + !c.reload.pid_file.empty();
    if (ways > 1)
      t.Wrong(c.reload.url.empty() ? "command" : "http", "one of several ways to reload",
              "one of http, command, pid_file");
    if (t.Has("signal") && c.reload.pid_file.empty())
      t.Wrong("signal", c.reload.signal + " without a pid_file", "the file with the process id");
    CheckUrl(t, "http", c.reload.url);
    CheckWords(t, c.reload.command);
    CheckVariables(t, c.reload);
    t.Finish();
  }

  static void CheckVariables(Table& t, const ReloadConfig& reload) {
    if (!reload.environment.empty() && reload.command.empty())
      t.Wrong("environment", "variables without a command", "command = [...]");
    for (const std::string& entry : reload.environment) {
      const std::string name = entry.substr(0, entry.find('='));
      if (name.empty() || entry.find('\0') != std::string::npos)
        t.Wrong("environment", "\"" + entry + "\"", "\"NAME=value\" or \"NAME\"");
    }
  }

  void Proof(Table& parent, ComponentConfig& c) {
    Table t = parent.Sub("proof");
    t.OneOf("kind", {"digest", "changes", "none"}, [&](const std::string& k) {
      c.proof.kind = k == "digest"    ? ProofKind::kDigest
                     : k == "changes" ? ProofKind::kChanges
                                      : ProofKind::kNone;
    });
    t.Text("url", c.proof.url);
    t.Text("pointer", c.proof.pointer);
    t.Period("timeout", c.proof.timeout, Duration(100), kHour);
    CheckUrl(t, "url", c.proof.url);
    if (t.Has("url") && !t.Has("kind"))
      t.Wrong("url", "\"" + c.proof.url + "\" without a kind", "kind = \"digest\" or \"changes\"");
    if (c.proof.kind != ProofKind::kNone && c.proof.url.empty())
      t.Wrong("url", "\"\"", "the URL that shows what the service has loaded");
    if (!c.proof.pointer.empty() && !c.proof.pointer.starts_with('/'))
      t.Wrong("pointer", "\"" + c.proof.pointer + "\"", "a JSON pointer, e.g. \"/files\"");
    t.Finish();
    if (c.proof.kind == ProofKind::kNone && c.autonomy > Autonomy::kSuggest) {
      parent.Wrong("autonomy", std::string(Name(c.autonomy)) + " without [component.proof]",
                   "observe, suggest (or a proof of what the service serves)");
    }
  }

  AppConfig& config_;
  std::string base_;
  std::string key_variable_;
};

// The environment's names work as they stand (DESIGN section 2 and 9).
class EnvironmentReading {
 public:
  EnvironmentReading(const Environment& environment, std::vector<std::string>& mistakes)
      : environment_(environment), mistakes_(mistakes) {}

  void All(AppConfig& config) {
    EngineConfig& e = config.engine;
    Number("IMPROVEMENT_CYCLE_INTERVAL_HOURS", 1, 8760,
           [&](double v) { e.schedule.interval = Duration(std::llround(v * 3'600'000)); });
    Text("IMPROVEMENT_CYCLE_START_TIME", [&](const std::string& v) -> Status {
      TRY(e.schedule.start_time, ParseTimeOfDay(v));
      return {};
    });
    Whole("MAX_CONCURRENT_IMPROVEMENTS", 1, 100,
          [&](double v) { e.limits.concurrent_max = static_cast<int>(v); });
    Number("IMPROVEMENT_QUALITY_THRESHOLD", 0, 1, [&](double v) { e.policy.quality_min = v; });
    Number("IMPROVEMENT_RISK_TOLERANCE", 0, 1, [&](double v) { e.policy.risk_max = v; });
    Number("MONITORING_DURATION_SECONDS", 1, 604800,
           [&](double v) { e.policy.judge.duration = Duration(std::llround(v * 1000)); });
    Number("ROLLBACK_DEGRADATION_THRESHOLD", 0.001, 10,
           [&](double v) { e.policy.judge.degradation_threshold = v; });
    Flag("ENABLE_SELF_BUILDING", e.self_building);
    Flag("ENABLE_AUTONOMOUS_IMPROVEMENTS", e.autonomous_improvements);
    Fixed("ENABLE_IMPROVEMENT_ROLLBACK", true, "what gets worse is always taken back");
    Fixed("ENABLE_COMPONENT_GENERATION", false, "new components are not generated yet");
    Fixed("ENABLE_CLOUDWATCH_STREAMING", false, "CloudWatch is not read yet");
    Text("RATCHET_STATE_DIR", [&](const std::string& v) -> Status {
      if (v.empty()) return Fail(ErrorCode::kInvalidArgument, "\"\"; allowed: a folder");
      std::error_code error;
      config.state_dir = fs::absolute(v, error).string();
      return {};
    });
  }

 private:
  void Text(const char* name, const std::function<Status(const std::string&)>& set) {
    const auto at = environment_.find(name);
    if (at == environment_.end()) return;
    if (const Status done = set(at->second); !done)
      mistakes_.push_back(fmt::format("environment: {}: {}", name, done.error().message));
  }
  void Number(const char* name, double low, double high, const std::function<void(double)>& set) {
    Text(name, [&](const std::string& text) -> Status {
      char* end = nullptr;
      const double value = std::strtod(text.c_str(), &end);
      const bool plain = text.find_first_not_of("0123456789.") == std::string::npos;
      if (text.empty() || !plain || *end != '\0' || !(value >= low && value <= high)) {
        return Fail(ErrorCode::kInvalidArgument,
                    fmt::format("\"{}\"; allowed: a number from {} to {}", text, low, high));
      }
      set(value);
      return {};
    });
  }
  void Whole(const char* name, double low, double high, const std::function<void(double)>& set) {
    Number(name, low, high, [&](double value) {
      if (value == std::floor(value)) return set(value);
      mistakes_.push_back(fmt::format("environment: {}: \"{}\"; allowed: a whole number", name,
                                      environment_.at(name)));
    });
  }
  // A switch that has one position only: the other is refused rather than ignored.
  void Fixed(const char* name, bool position, const char* why) {
    bool wanted = position;
    Flag(name, wanted);
    if (wanted != position)
      mistakes_.push_back(fmt::format("environment: {}: \"{}\"; allowed: {} ({})", name,
                                      environment_.at(name), position, why));
  }
  void Flag(const char* name, bool& flag) {
    Text(name, [&](const std::string& text) -> Status {
      const std::string lower = Lowercase(text);
      if (lower != "true" && lower != "false" && lower != "1" && lower != "0") {
        return Fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\"; allowed: true, false", text));
      }
      flag = lower == "true" || lower == "1";
      return {};
    });
  }
  const Environment& environment_;
  std::vector<std::string>& mistakes_;
};

}  // namespace

Result<AppConfig> ParseConfig(std::string_view text, const std::string& name,
                              const std::string& base, const Environment& environment) {
  const std::string_view body = text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
  TRY_STATUS(CheckTomlSyntax(body, name));
  toml::table parsed;
  try {
    parsed = toml::parse(body, name);
  } catch (const toml::parse_error& error) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{}:{}: no TOML: {}", name, error.source().begin.line, error.description()));
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: no TOML: {}", name, error.what()));
  }
  AppConfig config;
  config.file = name;
  std::vector<std::string> mistakes;
  ConfigReader reader(name, mistakes);
  Table root(reader, &parsed, "");
  Reading reading(config, base);
  reading.All(root);
  EnvironmentReading(environment, mistakes).All(config);
  if (config.openai) {
    const auto key = environment.find(reading.key_variable());
    if (key != environment.end()) config.openai->api_key = key->second;
  }
  if (!mistakes.empty()) return Fail(ErrorCode::kInvalidArgument, Join(mistakes, "\n"));
  return config;
}

Result<AppConfig> ReadConfig(const std::string& path, const Environment& environment) {
  constexpr std::uintmax_t kBytesMax = 1U << 20;
  std::error_code error;
  const auto refuse = [&](const std::string& why) {
    return Fail(ErrorCode::kInvalidArgument, "configuration " + path + " " + why);
  };
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status))
    return Fail(ErrorCode::kNotFound, "configuration " + path + " is not there; README.md has one");
  if (!fs::is_regular_file(status)) return refuse("is no file");
  const std::uintmax_t size = fs::file_size(path, error);
  if (size == 0) return refuse("is empty; README.md has an example");
  if (size > kBytesMax) return refuse("is larger than 1 MB");
  std::ifstream file(path);
  if (!file) return refuse("cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  const fs::path absolute = fs::absolute(path, error);
  return ParseConfig(text.str(), path, absolute.parent_path().string(), environment);
}

}  // namespace ratchet
