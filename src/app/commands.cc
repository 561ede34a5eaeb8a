#include "app/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "adapters/bwrap/bwrap_sandbox.h"
#include "adapters/clock/system_clock.h"
#include "adapters/files/in_place_deployer.h"
#include "adapters/http/key_ring.h"
#include "adapters/sqlite/sqlite_state_store.h"
#include "app/audit_check.h"
#include "app/client.h"
#include "app/config_commands.h"
#include "app/config_document.h"
#include "app/daemon.h"
#include "app/languages.h"
#include "app/state_folder.h"
#include "core/base/hash.h"
#include "core/model/names.h"
#include "core/model/serialize.h"
#include "core/reporting/text_page.h"
#include "engine/configured_languages.h"
#include "engine/gates/gates.h"

namespace ratchet {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using reporting::Table;

Environment ReadEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

int Say(const Error& error, int code = kExitFailed) {
  fmt::print(stderr, "ratchet: {}\n", error.message);
  return error.code == ErrorCode::kUnavailable && code == kExitFailed ? kExitNoDaemon : code;
}

std::string Cell(const Json& item, const char* key) {
  if (!item.contains(key)) return "";
  const Json& value = item[key];
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.2f}", value.get<double>());
  return value.is_null() ? "" : value.dump();
}

// --- Lists --------------------------------------------------------------------------------------

std::string InsightsPage(const Json& insights) {
  std::string page;
  for (const Json& i : insights) {
    page += fmt::format("{}  {}  {}  tenant {}  confidence {:.2f}\n  {}\n", Cell(i, "id"),
                        Cell(i, "kind"), Cell(i, "severity"), Cell(i, "tenant"),
                        i.value("confidence", 0.0), Table({{Cell(i, "summary")}}, 200));
    for (const Json& e : i.value("evidence", Json::array())) {
      page += fmt::format("    {} = {:.4g} {} {}\n", Cell(e, "name"), e.value("value", 0.0),
                          Cell(e, "unit"), Cell(e, "note"));
    }
  }
  return page.empty() ? "no insights yet\n" : page;
}

std::string OpportunitiesPage(const Json& items) {
  std::vector<std::vector<std::string>> rows = {
      {"ID", "KIND", "LEVEL", "SCORE", "GAIN %", "RISK", "COMPONENT", "OPERATION", "FUNCTION"}};
  for (const Json& o : items) {
    rows.push_back({Cell(o, "id"), Cell(o, "kind"), Cell(o, "level"), Cell(o, "score"),
                    Cell(o["gain_pct"], "value"), Cell(o, "risk"), Cell(o, "component"),
                    Cell(o, "operation"), Cell(o["code"], "function")});
  }
  return Table(rows);
}

std::string ImprovementsPage(const Json& items) {
  std::vector<std::vector<std::string>> rows = {
      {"ID", "STATUS", "COMPONENT", "OPERATION", "AUTHOR", "REASON"}};
  for (const Json& i : items) {
    rows.push_back({Cell(i, "id"), Cell(i, "status"), Cell(i["opportunity"], "component"),
                    Cell(i["opportunity"], "operation"), Cell(i, "author_name"),
                    Cell(i, "reason")});
  }
  return Table(rows);
}

std::string StatusPage(const Json& s) {
  std::string page =
      fmt::format("ratchet {}  {}\n", Cell(s, "version"),
                  s.value("stopped", false) ? "STOPPED (no new work; watches go on)" : "running");
  std::vector<std::vector<std::string>> rows = {{"COMPONENT", "STATE", ""}};
  std::map<std::string, std::string> waits_for;
  for (const Json& c : s["components"]) {
    const bool frozen = c.value("frozen", false), rehearsed = c.value("rehearsed", false);
    if (frozen || !rehearsed)
      waits_for[Cell(c, "component")] = frozen ? "frozen component" : "rehearsal of the rollback";
    rows.push_back({Cell(c, "component"),
                    frozen      ? "frozen"
                    : rehearsed ? "ready"
                                : "not rehearsed",
                    frozen ? Cell(c, "frozen_reason") : Cell(c, "rehearsal_error")});
  }
  page += Table(rows, 400);
  rows = {{"IMPROVEMENT", "STATUS", "COMPONENT", "OPERATION", "LOOKS", "SUMMARY"}};
  for (const Json& i : s["improvements"]) {
    const bool held = Cell(i, "status") == "awaiting_approval" && i.value("approved", false);
    const auto reason = waits_for.find(Cell(i, "component"));
    const std::string waits =
        "approved, waits: " + (reason == waits_for.end() ? "its turn" : reason->second);
    rows.push_back({Cell(i, "improvement_id"), held ? waits : Cell(i, "status"),
                    Cell(i, "component"), Cell(i, "operation"), Cell(i, "looks"),
                    Cell(i, "summary")});
  }
  if (rows.size() > 1) page += "\n" + Table(rows);
  return page;
}

// --- Local commands -----------------------------------------------------------------------------

int AuditVerify(const AppConfig& config, const CommandOptions& options) {
  const auto folder = StateFolder::Prepare(config.state_dir);
  if (!folder) return Say(folder.error());
  const auto check = CheckAudit(*folder);
  if (!check) return Say(check.error(), kExitNotIntact);
  const auto& [verdict, heads] = *check;
  if (options.json) {
    fmt::print("{}\n", Json{{"intact", verdict.intact},
                            {"entries", verdict.entries},
                            {"heads", heads},
                            {"problem", verdict.problem}}
                           .dump());
  } else {
    fmt::print("audit log: {} entries, {} signed heads: {}\n", verdict.entries, heads,
               verdict.intact ? "intact" : "NOT INTACT: " + verdict.problem);
  }
  return verdict.intact ? kExitOk : kExitNotIntact;
}

int AddKey(const AppConfig& config, const CommandOptions& options) {
  const auto role = Parse<Role>(options.role);
  if (!role || options.name.empty()) {
    fmt::print(
        stderr,
        "ratchet: key add NAME --role: \"{}\"; allowed: viewer, operator, meta-orchestrator\n",
        options.role);
    return kExitUsage;
  }
  const auto folder = StateFolder::Prepare(config.state_dir);
  if (!folder) return Say(folder.error());
  auto ring = http::KeyRing::Load(folder->keys_file());
  if (!ring) return Say(ring.error());
  constexpr size_t kKeyBytes = 32;
  const std::string key = RandomSecret(kKeyBytes);
  http::KeyRecord record{.name = options.name, .role = *role, .sha256 = Sha256Hex(key)};
  for (const std::string& tenant : options.tenants) record.tenants.emplace_back(tenant);
  if (const auto added = ring->Add(record); !added) return Say(added.error());
  fmt::print("{}\n", key);
  return kExitOk;
}

// Runs every gate on a folder of changed files, without a daemon.
int Validate(const AppConfig& config, const CommandOptions& options) {
  const auto component = config.engine.components.find(ComponentId(options.component));
  if (component == config.engine.components.end())
    return Say({ErrorCode::kNotFound, "no component " + options.component + " is configured"});
  const auto tree = files::FileSourceTree().Read(component->second);
  if (!tree) return Say(tree.error());
  Change change{.author = Author::kModel, .author_name = "by hand"};
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(options.change_dir, error)) {
    if (!entry.is_regular_file()) continue;
    FileChange file{.path = fs::relative(entry.path(), options.change_dir).string(),
                    .after = ReadTextFile(entry.path().string()).value_or("")};
    for (const SourceFile& source : tree->files) {
      if (source.path == file.path) file.before = source.text;
    }
    change.files.push_back(std::move(file));
  }
  if (error)
    return Say({ErrorCode::kNotFound,
                fmt::format("--change {}: {}", options.change_dir, error.message())});
  const ConfiguredLanguages languages(config.engine.components, BuiltInLanguages());
  BwrapSandbox sandbox;
  Gates gates(config.engine.components, languages, sandbox, config.sandbox);
  if (isatty(2) != 0)
    fmt::print(stderr, "running the gates, the component's tests among them ...\n");
  const auto report =
      gates.Validate(ComponentId(options.component), *tree, change, InsightKind::kSlowOperation);
  if (!report) return Say(report.error());
  bool passed = true;
  std::vector<std::vector<std::string>> rows = {{"GATE", "OUTCOME", "FINDING"}};
  for (const GateResult& gate : report->gates) {
    passed = passed && gate.outcome == GateOutcome::kPassed;
    rows.push_back({gate.gate, std::string(Name(gate.outcome)), ""});
    for (const Finding& f : gate.findings)
      rows.push_back({"", "", fmt::format("{}:{}: {}: {}", f.file, f.line, f.rule, f.message)});
  }
  if (options.json) {
    fmt::print("{}\n", ToText(ToJson(*report)));
  } else {
    fmt::print("{}quality {:.3f}  risk {:.3f}  changed lines covered {:.0f} %\n", Table(rows, 160),
               report->quality, report->risk, report->changed_line_coverage * 100);
  }
  return passed ? kExitOk : kExitNotIntact;
}

// --- Commands that ask the daemon ---------------------------------------------------------------

using Page = std::function<std::string(const Json&)>;

int Show(const Result<Json>& answer, const CommandOptions& options, const Page& page) {
  if (!answer) return Say(answer.error());
  fmt::print("{}", options.json ? ToText(*answer) + "\n" : page(*answer));
  return kExitOk;
}

int Ask(const std::string& verb, const Client& client, const CommandOptions& o) {
  const auto done = [](const char* what) {
    return [what](const Json&) { return std::string(what) + "\n"; };
  };
  const Json none = Json::object();
  if (verb == "status") return Show(client.Get("/api/v1/status"), o, StatusPage);
  if (verb == "insights") return Show(client.Get("/api/v1/insights"), o, InsightsPage);
  if (verb == "opportunities")
    return Show(client.Get("/api/v1/opportunities"), o, OpportunitiesPage);
  if (verb == "improvements") return Show(client.Get("/api/v1/improvements"), o, ImprovementsPage);
  if (verb == "show")
    return Show(client.Get("/api/v1/improvements/" + o.id), o, reporting::ImprovementDetails);
  if (verb == "report")
    return Show(client.Get("/api/v1/report" + (o.id.empty() ? "" : "?cycle=" + o.id)), o,
                reporting::CycleReportPage);
  if (verb == "approve")
    return Show(client.Post("/api/v1/improvements/" + o.id + "/approve", none), o,
                done("approved"));
  if (verb == "reject")
    return Show(client.Post("/api/v1/improvements/" + o.id + "/reject", {{"why", o.why}}), o,
                done("rejected"));
  if (verb == "rollback")
    return Show(client.Post("/api/v1/improvements/" + o.id + "/rollback", none), o,
                done("rolling back"));
  if (verb == "stop")
    return Show(client.Post("/api/v1/stop", none), o,
                done("stopped: no new work; watching and rollback go on"));
  if (verb == "resume") {
    if (o.component.empty()) return Show(client.Post("/api/v1/resume", none), o, done("resumed"));
    return Show(client.Post("/api/v1/components/" + o.component + "/release", none), o,
                done("released"));
  }
  Json body = {{"tenant_id", o.tenant}, {"priority", o.emergency ? "emergency" : "normal"}};
  if (o.max_improvements >= 0) body["max_improvements"] = o.max_improvements;
  if (o.window_hours > 0) body["analysis_window_hours"] = o.window_hours;
  return Show(client.Post("/api/v1/cycles", body), o,
              [](const Json& j) { return "started " + j.value("cycle_id", "") + "\n"; });
}

int CheckConfig(const Result<AppConfig>& config, const CommandOptions& options) {
  if (config) {
    fmt::print("{}", options.json ? ConfigCheckedJson(*config) : ConfigChecked(*config));
    return kExitOk;
  }
  if (!options.json) return Say(config.error(), kExitConfig);
  fmt::print("{}", ConfigRefusedJson(config.error()));
  return kExitConfig;
}

}  // namespace

int RunCommand(const std::string& verb, const CommandOptions& options) {
  if (verb == "config document") {
    fmt::print("{}", ConfigDocument());
    return kExitOk;
  }
  const Environment environment = ReadEnvironment();
  const auto config = ReadConfig(options.config_file, environment);
  if (verb == "config check") return CheckConfig(config, options);
  if (!config) return Say(config.error(), kExitConfig);
  if (verb == "run") {
    const auto ran = RunDaemon(*config);
    return ran ? kExitOk : Say(ran.error(), kExitFailed);
  }
  if (verb == "audit verify") return AuditVerify(*config, options);
  if (verb == "key add") return AddKey(*config, options);
  if (verb == "validate") return Validate(*config, options);
  const auto own = environment.find("RATCHET_KEY");
  const std::string key = !options.key.empty()       ? options.key
                          : own != environment.end() ? own->second
                                                     : "";
  return Ask(verb, Client(*config, key), options);
}

}  // namespace ratchet
