// The command line. Parsing only; what the verbs do is in commands.cc.

#include <fmt/format.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "app/commands.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Ratchet closes the improvement loop of running services: it watches, mends, proves, ships, "
      "and takes back."};
  app.set_version_flag("--version", std::string("ratchet ") + RATCHET_VERSION);
  app.require_subcommand(1);
  ratchet::CommandOptions options;
  std::string verb;
  app.add_option("-c,--config", options.config_file, "configuration file")->capture_default_str();
  app.add_option("--key", options.key,
                 "API key; default: RATCHET_KEY, else the state folder's own");
  const auto add = [&](CLI::App& parent, const std::string& name, const std::string& help,
                       const std::string& full) {
    CLI::App* command = parent.add_subcommand(name, help);
    command->fallthrough();
    command->callback([&verb, full] { verb = full; });
    return command;
  };
  const auto json = [&](CLI::App* command) {
    command->add_flag("--json", options.json, "for programs");
    return command;
  };
  const auto with_id = [&](CLI::App* command) {
    command->add_option("id", options.id, "improvement")->required();
    return command;
  };
  add(app, "run", "start the daemon", "run");
  CLI::App* cycle = json(add(app, "cycle", "start an improvement cycle", "cycle"));
  cycle->add_option("--tenant", options.tenant, "only this tenant");
  cycle->add_flag("--emergency", options.emergency, "ahead of everything queued");
  cycle->add_option("--max", options.max_improvements, "improvements at most");
  cycle->add_option("--window-hours", options.window_hours, "how far back to look");
  json(add(app, "status", "what is going on", "status"));
  json(add(app, "insights", "facts with evidence, newest first", "insights"));
  json(add(app, "opportunities", "what could be improved, newest first", "opportunities"));
  json(add(app, "improvements", "attempts and what became of them", "improvements"));
  json(with_id(add(app, "show", "one improvement, with its change", "show")));
  json(with_id(add(app, "approve", "let an improvement be deployed", "approve")));
  CLI::App* reject = json(with_id(add(app, "reject", "refuse an improvement", "reject")));
  reject->add_option("--why", options.why, "the reason");
  json(with_id(add(app, "rollback", "take an improvement back", "rollback")));
  json(add(app, "stop", "the kill switch: no new work", "stop"));
  CLI::App* resume =
      json(add(app, "resume", "allow new work, or release a frozen component", "resume"));
  resume->add_option("--component", options.component, "release this component");
  CLI::App* report = json(add(app, "report", "a cycle's report, the latest by default", "report"));
  report->add_option("cycle", options.id, "cycle");
  CLI::App* validate = json(add(app, "validate", "run every gate on changed files", "validate"));
  validate->add_option("--component", options.component, "component")->required();
  validate->add_option("--change", options.change_dir, "folder with the changed files")->required();
  CLI::App* audit = app.add_subcommand("audit", "the audit log");
  audit->require_subcommand(1);
  audit->fallthrough();
  json(add(*audit, "verify", "find edits, removals, reorderings and a cut-off tail",
           "audit verify"));
  CLI::App* config = app.add_subcommand("config", "the configuration");
  config->require_subcommand(1);
  config->fallthrough();
  json(add(*config, "check", "say what is wrong with it, or each value with its origin",
           "config check"));
  add(*config, "document", "print the page of all settings", "config document");
  CLI::App* keys = app.add_subcommand("key", "API keys");
  keys->require_subcommand(1);
  keys->fallthrough();
  CLI::App* key_add = add(*keys, "add", "make a key and print it once", "key add");
  key_add->add_option("name", options.name, "whose key it is")->required();
  key_add->add_option("--role", options.role, "viewer, operator or meta-orchestrator")
      ->capture_default_str();
  key_add->add_option("--tenants", options.tenants, "only these tenants");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ratchet::kExitOk : ratchet::kExitUsage;
  }
  try {
    return ratchet::RunCommand(verb, options);
  } catch (const std::exception& error) {  // of a library, where nobody expected one
    fmt::print(stderr, "ratchet: {}\n", error.what());
    return ratchet::kExitFailed;
  }
}
