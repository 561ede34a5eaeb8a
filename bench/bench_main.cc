// What is measured inside one process: the start of the sandbox, the static gates on one file, and
// the time from a verdict to the old version serving again (deployer only; the service is a
// stand-in that answers at once).

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/bwrap/bwrap_sandbox.h"
#include "adapters/files/in_place_deployer.h"
#include "adapters/python/python_support.h"
#include "core/base/hash.h"
#include "core/deployment/tree_hash.h"
#include "engine/gates.h"

namespace {

namespace fs = std::filesystem;
using namespace ratchet;  // NOLINT(google-build-using-namespace): a bench of the whole project

void SandboxStart(benchmark::State& state) {
  BwrapSandbox sandbox;
  SandboxJob job;
  job.command = {"/bin/true"};
  for (auto _ : state) {
    if (!sandbox.Run(job)) state.SkipWithError("no sandbox");
  }
}
BENCHMARK(SandboxStart)->Unit(benchmark::kMillisecond)->UseRealTime();

// RATCHET_BENCH_FILE: the Python file, 326 lines in the published figure.
void StaticGates(benchmark::State& state) {
  const char* path = std::getenv("RATCHET_BENCH_FILE");
  std::ifstream file(path == nullptr ? "" : path);
  std::stringstream text;
  text << file.rdbuf();
  if (text.str().empty()) return state.SkipWithError("RATCHET_BENCH_FILE is not set");
  const python::PythonSupport language;
  BwrapSandbox sandbox;
  EngineConfig config;
  ComponentConfig component;
  component.allowed = {"**"};
  const Gates gates(config, language, sandbox, {});
  Change change{.files = {{"a.py", text.str(), text.str() + "\n\nX = 1\n"}}};
  for (auto _ : state) benchmark::DoNotOptimize(gates.StaticGates(component, change));
}
BENCHMARK(StaticGates)->Unit(benchmark::kMillisecond);

class InstantService : public HttpClient {
 public:
  explicit InstantService(fs::path file) : file_(std::move(file)) {}
  Result<HttpAnswer> Send(const HttpRequest&) override {
    std::ifstream file(file_);
    std::stringstream text;
    text << file.rdbuf();
    return HttpAnswer{.status = 200, .body = "{\"a.py\":\"" + Sha256Hex(text.str()) + "\"}"};
  }

 private:
  fs::path file_;
};

void VerdictToOldVersion(benchmark::State& state) {
  std::string pattern = (fs::temp_directory_path() / "ratchet-bench-XXXXXX").string();
  const fs::path root = mkdtemp(pattern.data());
  std::ofstream(root / "a.py") << "old\n";
  ComponentConfig component;
  component.id = ComponentId("c");
  component.root = root.string();
  component.reload = {.kind = ReloadKind::kHttp, .url = "reload"};
  component.proof = {.kind = ProofKind::kDigest, .url = "proof"};
  component.health_url = "health";
  InstantService service(root / "a.py");
  files::InPlaceDeployer deployer(service);
  const std::string after = deployment::TreeHash({{"a.py", Sha256Hex("new\n")}});
  const DeploymentPlan plan{.component = component,
                            .wanted = {.version = after, .target = {component.id, {}}},
                            .expected = deployment::TreeHash({{"a.py", Sha256Hex("old\n")}}),
                            .change = {.files = {{"a.py", "old\n", "new\n"}}},
                            .name = "bench"};
  for (auto _ : state) {
    state.PauseTiming();
    if (deployer.Deploy(plan, {}).outcome != DeployOutcome::kDone) state.SkipWithError("deploy");
    state.ResumeTiming();
    if (deployer.RollBack(deployment::Reverse(plan)).outcome != DeployOutcome::kDone)
      state.SkipWithError("roll back");
  }
  fs::remove_all(root);
}
BENCHMARK(VerdictToOldVersion)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
