// The programs that run inside the sandbox: the import check and the tests under coverage.

#include <nlohmann/json.hpp>

#include "adapters/python/python_support.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

using Json = nlohmann::json;

// Imports what it is told to and reports what fails, with the line that asked for it.
constexpr const char* kImportCheck = R"py(
import importlib, json, os, sys
sys.path.insert(0, os.getcwd())
problems = []
for item in json.loads(sys.argv[1]):
    package = item["package"]
    try:
        module = importlib.import_module(item["module"], package or None)
        for name in item["names"]:
            if name != "*" and not hasattr(module, name):
                importlib.import_module("." + name, module.__name__)
    except BaseException as error:
        problems.append({"line": item["line"], "module": item["module"],
                         "error": "%s: %s" % (type(error).__name__, str(error)[:200])})
with os.fdopen(3, "w") as report:
    json.dump({"problems": problems, "stdlib": sorted(sys.stdlib_module_names)}, report)
)py";

// Runs the tests under coverage.py and reports the executed and missing lines of every file. The
// tests themselves do not get the report's descriptor.
constexpr const char* kTestRun = R"py(
import ctypes, json, os, subprocess, sys
ctypes.CDLL(None).prctl(4, 0)  # not dumpable: the tests cannot reach the report through /proc
command = json.loads(sys.argv[1])
sys.path.insert(0, "/usr/lib/python3/dist-packages") if sys.argv[2] == "system" else None
environment = dict(os.environ, COVERAGE_FILE="/tmp/coverage.data")
os.set_inheritable(3, False)
rules = "--rcfile=/tmp/coverage.rc"  # ours: no remark or setting of the component takes a line out
with open("/tmp/coverage.rc", "w") as settings:
    settings.write("[report]\nexclude_lines =\n")
run = [sys.executable, "-m", "coverage", "run", rules, "--include=/component/*", "--omit=*/.ratchet/*"]
done = subprocess.run(run + command, env=environment, close_fds=True)
listing = subprocess.run([sys.executable, "-m", "coverage", "json", rules, "-q", "-o", "-"],
                         env=environment, capture_output=True, text=True)
files = {}
try:
    for path, facts in json.loads(listing.stdout)["files"].items():
        files[path] = {"executed": facts["executed_lines"], "missing": facts["missing_lines"]}
except ValueError:
    print("coverage:", listing.stdout[-500:], listing.stderr[-500:])
with os.fdopen(3, "w") as report:
    json.dump({"code": done.returncode, "files": files}, report)
sys.exit(0)
)py";

// "python3 -m unittest discover" → ["-m", "unittest", "discover"]; a bare "pytest" → ["-m",
// "pytest"].
std::vector<std::string> CoverageArguments(const std::vector<std::string>& command) {
  if (command.empty()) return {};
  const std::string& program = command.front();
  const std::string name =
      program.substr(program.rfind('/') == std::string::npos ? 0 : program.rfind('/') + 1);
  std::vector<std::string> rest(command.begin() + 1, command.end());
  if (name.starts_with("python")) return rest;
  rest.insert(rest.begin(), {"-m", name});
  return rest;
}

}  // namespace

SandboxJob ImportCheckJob(const std::string& interpreter, const std::vector<ImportFacts>& imports,
                          const std::string& package) {
  Json items = Json::array();
  for (const ImportFacts& import : imports) {
    items.push_back({{"module", import.module},
                     {"names", import.names},
                     {"line", import.line},
                     {"package", import.module.starts_with(".") ? package : ""}});
  }
  SandboxJob job;
  job.command = {interpreter, "-c", kImportCheck, items.dump()};
  return job;
}

Result<ImportCheck> ReadImportCheck(const SandboxRun& run) {
  try {
    const Json report = Json::parse(run.report);
    ImportCheck check;
    for (const Json& problem : report.at("problems")) {
      check.problems.push_back({"", problem.at("line").get<int>(), "import",
                                problem.at("module").get<std::string>() + ": " +
                                    problem.at("error").get<std::string>()});
    }
    check.standard_library = report.at("stdlib").get<std::vector<std::string>>();
    return check;
  } catch (const Json::exception& e) {
    return Fail(ErrorCode::kUnavailable,
                "the import check gave no report: " + Shorten(run.output, 300));
  }
}

SandboxJob TestJob(const std::string& interpreter, const std::vector<std::string>& command) {
  SandboxJob job;
  job.command = {interpreter, "-c", kTestRun, Json(CoverageArguments(command)).dump(), "system"};
  return job;
}

Result<TestRun> ReadTestRun(const SandboxRun& run) {
  TestRun result;
  result.output = run.output;
  if (run.end == SandboxEnd::kTimedOut) {
    result.output += "\nthe tests did not end in time and were ended";
    return result;
  }
  if (run.end == SandboxEnd::kOutputLimit) {
    result.output = Shorten(run.output, 2000) + "\nthe tests printed too much and were ended";
    return result;
  }
  try {
    const Json report = Json::parse(run.report);
    result.passed = report.at("code").get<int>() == 0;
    for (const auto& [path, facts] : report.at("files").items()) {
      result.coverage.push_back({path.starts_with("/component/")
                                     ? path.substr(std::string_view("/component/").size())
                                     : path,
                                 facts.at("executed").get<std::vector<int>>(),
                                 facts.at("missing").get<std::vector<int>>()});
    }
    return result;
  } catch (const Json::exception&) {
    result.output += "\nthe test run gave no report (it was ended, or ended itself)";
    return result;
  }
}

}  // namespace ratchet::python
