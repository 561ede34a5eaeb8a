#include "core/model/component_settings.h"

namespace ratchet {

using namespace std::chrono_literals;
using settings::Schema;

const std::vector<std::pair<std::string_view, Autonomy>> kAutonomies = {
    {"observe", Autonomy::kObserve},
    {"suggest", Autonomy::kSuggest},
    {"approve", Autonomy::kApprove},
    {"auto", Autonomy::kAuto}};

namespace {

void DeclareTests(Schema& schema, TestConfig& tests) {
  schema.Texts("tests.command", tests.command,
               "Run in the sandbox, in the root. Without it no change passes the gates.",
               settings::kCommand);
  schema.Period("tests.timeout", tests.timeout, {1s, 4h}, "Of one run.");
}

void DeclareReload(Schema& schema, ReloadConfig& reload) {
  schema.Text("reload.http", reload.url, "New code is loaded by a POST to this URL,",
              settings::kUrl);
  schema.Texts("reload.command", reload.command,
               "or by a command (in the root, without a shell; it writes where the daemon's own "
               "output goes),",
               settings::kCommand);
  schema.Texts(
      "reload.environment", reload.environment,
      "What a command gets beside PATH, HOME and LANG: `\"NAME=value\"`, or `\"NAME\"` for "
      "the daemon's own value.",
      settings::kVariables);
  schema.Text("reload.pid_file", reload.pid_file,
              "or by a signal to the process that this file names. One of the three.");
  schema.OneOf("reload.signal", reload.signal,
               {{"HUP", "HUP"}, {"USR1", "USR1"}, {"USR2", "USR2"}, {"TERM", "TERM"}}, "Which.");
  schema.Period("reload.timeout", reload.timeout, {100ms, 1h}, "Of one reload.");
}

void DeclareProof(Schema& schema, ProofConfig& proof) {
  schema.OneOf("proof.kind", proof.kind,
               {{"digest", ProofKind::kDigest},
                {"changes", ProofKind::kChanges},
                {"none", ProofKind::kNone}},
               "How it shows that the new version serves; without one nothing above `suggest`.");
  schema.Text("proof.url", proof.url, "What shows it.", settings::kUrl);
  schema.Text("proof.pointer", proof.pointer, "Where in the answer.", settings::kJsonPointer);
  schema.Period("proof.timeout", proof.timeout, {100ms, 1h}, "Of one question.");
}

}  // namespace

void DeclareSettings(Schema& schema, ComponentConfig& component) {
  schema
      .Text("name", component.id.value,
            "What its telemetry carries as `component` or `service.name`.", settings::kName)
      .Required();
  schema.Text("root", component.root, "The folder of its code, no link.", settings::kSomeText)
      .Required();
  schema.Texts("tenants", component.tenants,
               "Whom it serves. Of several, or none for all, the root is shared; telemetry of "
               "another tenant than the only one starts nothing (audit entry "
               "`opportunity.refused`).",
               settings::kNames);
  schema.Text("language", component.language, "What it is written in.", settings::kName)
      .Default("the first one that is built in");
  schema.Text("interpreter", component.interpreter, "What runs its tests.", settings::kSomeText)
      .Default("the language's");
  schema.Texts("sources", component.sources, "The files that are its version.", settings::kGlobs)
      .Default("the language's");
  schema.Texts("allowed", component.allowed, "The files that a change may touch.", settings::kGlobs)
      .Default("its sources");
  schema.Texts("protected", component.protected_files, "Globs that no change may touch.");
  schema.Texts("allowed_imports", component.allowed_imports,
               "New modules that a change may import.");
  schema.Text("health_url", component.health_url, "Asked after a deployment.", settings::kUrl);
  schema.OneOf("autonomy", component.autonomy, kAutonomies, "What is done without a person.");
  DeclareTests(schema, component.tests);
  DeclareReload(schema, component.reload);
  DeclareProof(schema, component.proof);
}

void Complete(ComponentConfig& component) {
  ReloadConfig& reload = component.reload;
  if (component.allowed.empty()) component.allowed = component.sources;
  if (!reload.url.empty())
    reload.kind = ReloadKind::kHttp;
  else if (!reload.command.empty())
    reload.kind = ReloadKind::kCommand;
  else if (!reload.pid_file.empty())
    reload.kind = ReloadKind::kSignal;
}

}  // namespace ratchet
