#include "app/config_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "app/languages.h"
#include "core/base/text.h"
#include "core/model/names.h"

namespace ratchet {
namespace {

namespace fs = std::filesystem;
using settings::Mistakes;
using settings::Written;

void CheckPorts(const AppConfig& config, Mistakes& mistakes) {
  if (config.otlp_port == 0 || config.otlp_port != config.http_port) return;
  mistakes.Contradict({"otlp.port", "http.port"}, std::to_string(config.otlp_port),
                      "another port than that of [http]");
}

void CheckAnalysis(const AppConfig& config, Mistakes& mistakes) {
  const Duration baseline = config.engine.analysis_baseline;
  if (baseline <= config.telemetry.retention) return;
  mistakes.Contradict(
      {"analysis.baseline", "telemetry.retention"}, FormatDuration(baseline),
      "at most telemetry.retention (" + FormatDuration(config.telemetry.retention) + ")");
}

void CheckWatch(const EngineConfig& engine, Mistakes& mistakes) {
  const auto& judge = engine.policy.judge;
  if (judge.interval > judge.duration)
    mistakes.Contradict({"monitoring.interval", "monitoring.duration"},
                        FormatDuration(judge.interval) + " is longer than the watch",
                        "at most duration (" + FormatDuration(judge.duration) + ")");
  else if (judge.interval * judge.looks_min > judge.duration * 2)
    mistakes.Contradict({"monitoring.looks_min", "monitoring.interval", "monitoring.duration"},
                        fmt::format("{} looks do not fit into twice the watch", judge.looks_min),
                        "fewer, or a shorter interval");
}

void CheckBaseline(const AppSettings& all, Mistakes& mistakes) {
  const EngineConfig& engine = all.config.engine;
  const bool by_itself = std::ranges::any_of(
      all.components, [](const auto& c) { return c.autonomy == Autonomy::kAuto; });
  if (!by_itself || engine.baseline_window * 10 >= engine.policy.baseline_for_auto * 9) return;
  mistakes.Contradict({"monitoring.baseline", "monitoring.baseline_for_auto"},
                      FormatDuration(engine.baseline_window) + ", and autonomy \"auto\" needs " +
                          FormatDuration(engine.policy.baseline_for_auto),
                      "at least baseline_for_auto");
}

void CheckModel(const models::ModelSettings& model, const std::string& name,
                const std::vector<std::string>& order, Mistakes& mistakes) {
  const std::string path = "generation." + name;
  if (std::ranges::find(order, name) == order.end()) {
    if (mistakes.Given(path))
      mistakes.Contradict({"generation.order", path},
                          fmt::format("has no \"{}\", which [{}] configures", name, path),
                          fmt::format("[\"recipes\", \"{}\"]", name));
    return;
  }
  if (model.config.base_url.empty())
    mistakes.Contradict({path + ".base_url", "generation.order"}, "is missing",
                        "an http or https URL, e.g. \"http://127.0.0.1:8080/v1\"");
  if (model.config.model.empty())
    mistakes.Contradict({path + ".model", "generation.order"}, "is missing", "the model's name");
}

void CheckAuthors(const AppSettings& all, Mistakes& mistakes) {
  std::vector<std::string> known = {"recipes"};
  for (const auto& [name, model] : all.models) known.push_back(name);
  const std::vector<std::string>& order = all.config.authors;
  for (const std::string& author : order) {
    if (std::ranges::find(known, author) == known.end())
      mistakes.Contradict({"generation.order"}, Written(author), Join(known, ", "));
  }
  for (const auto& [name, model] : all.models) CheckModel(model, name, order, mistakes);
}

void CheckReload(const ReloadConfig& reload, const std::string& path, Mistakes& mistakes) {
  const int ways = !reload.url.empty() + !reload.command.empty() + !reload.pid_file.empty();
  if (ways > 1)
    mistakes.Contradict({path + (reload.url.empty() ? ".command" : ".http")},
                        "one of several ways to reload", "one of http, command, pid_file");
  if (!reload.environment.empty() && reload.command.empty())
    mistakes.Contradict({path + ".environment"}, "variables without a command", "command = [...]");
  if (mistakes.Given(path + ".signal") && reload.pid_file.empty())
    mistakes.Contradict({path + ".signal"}, reload.signal + " without a pid_file",
                        "the file with the process id");
}

void CheckProof(const ProofConfig& proof, const std::string& path, Mistakes& mistakes) {
  if (mistakes.Given(path + ".url") && !mistakes.Given(path + ".kind"))
    mistakes.Contradict({path + ".url", path + ".kind"}, Written(proof.url) + " without a kind",
                        "kind = \"digest\" or \"changes\"");
  if (proof.kind != ProofKind::kNone && proof.url.empty())
    mistakes.Contradict({path + ".url", path + ".kind"}, "is missing",
                        "the URL that shows what the service has loaded");
}

void CheckComponent(const ComponentConfig& component, const std::string& path, Mistakes& mistakes) {
  std::vector<std::string> languages;
  for (const LanguageSupport* language : BuiltInLanguages())
    languages.push_back(language->conventions().name);
  if (std::ranges::find(languages, component.language) == languages.end())
    mistakes.Contradict({path + ".language"}, Written(component.language), Join(languages, ", "));
  CheckReload(component.reload, path + ".reload", mistakes);
  CheckProof(component.proof, path + ".proof", mistakes);
  if (component.proof.kind == ProofKind::kNone && component.autonomy > Autonomy::kSuggest)
    mistakes.Contradict({path + ".autonomy", path + ".proof.kind"},
                        std::string(Name(component.autonomy)) + " without [component.proof]",
                        "observe, suggest (or a proof of what the service serves)");
}

void CheckRoot(ComponentConfig& component, const std::string& path, Mistakes& mistakes) {
  const auto refuse = [&](const std::string& what, const char* allowed) {
    mistakes.Contradict({path}, Written(component.root) + what, allowed);
  };
  std::error_code error;
  const auto status = fs::symlink_status(component.root, error);
  if (component.root == "/") return refuse("", "the folder of the component's code");
  if (!fs::exists(status)) {  // it may come back: it is unavailable, and stops nothing else
    component.root = fs::weakly_canonical(component.root, error).string();
    return;
  }
  if (fs::is_symlink(status)) return refuse(" is a symbolic link", "the folder itself");
  if (!fs::is_directory(status)) return refuse(" is no folder", "an existing folder");
  // Only the last name may not be a link; what leads there is resolved once, here.
  component.root = fs::canonical(component.root, error).string();
}

bool Within(const std::string& folder, const std::string& outer) {
  return (folder + "/").starts_with(outer + "/");
}

// No two have one name or one file, and no component is written into by the state.
void CheckApart(const AppSettings& all, size_t index, Mistakes& mistakes) {
  const ComponentConfig& component = all.components[index];
  const std::string path = fmt::format("component[{}]", index + 1);
  for (size_t earlier = 0; earlier < index; ++earlier) {
    const ComponentConfig& other = all.components[earlier];
    if (other.id == component.id)
      mistakes.Contradict({path + ".name"}, Written(component.id.value),
                          "a name that no other component has");
    if (Within(component.root, other.root) || Within(other.root, component.root))
      mistakes.Contradict({path + ".root"},
                          Written(component.root) + " overlaps that of " + other.id.value,
                          "a folder of its own");
  }
  if (Within(component.root, all.config.state_dir))
    mistakes.Contradict({"state_dir", path + ".root"},
                        Written(all.config.state_dir) + " holds the root of " + component.id.value,
                        "a folder of its own");
}

}  // namespace

void CheckTogether(AppSettings& all, Mistakes& mistakes) {
  CheckPorts(all.config, mistakes);
  CheckAnalysis(all.config, mistakes);
  CheckWatch(all.config.engine, mistakes);
  CheckBaseline(all, mistakes);
  CheckAuthors(all, mistakes);
  for (size_t i = 0; i < all.components.size(); ++i) {
    const std::string path = fmt::format("component[{}]", i + 1);
    CheckComponent(all.components[i], path, mistakes);
    if (!all.components[i].root.empty()) CheckRoot(all.components[i], path + ".root", mistakes);
  }
  for (size_t i = 0; i < all.components.size(); ++i) CheckApart(all, i, mistakes);
}

}  // namespace ratchet
