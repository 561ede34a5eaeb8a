// The programs that run inside the sandbox: the import check and the tests under coverage.

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

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
environment = dict(os.environ, COVERAGE_FILE="/tmp/coverage.data")
os.set_inheritable(3, False)
rules = "--rcfile=/tmp/coverage.rc"  # ours: no remark or setting of the component takes a line out
with open("/tmp/coverage.rc", "w") as settings:
    settings.write("[report]\nexclude_lines =\n")
run = [sys.executable, "-m", "coverage", "run", rules, "--include=/component/*", "--omit=*/.ratchet/*"]
done = subprocess.run(run + command, env=environment, close_fds=True)
# Isolated and elsewhere: no file that the tests wrote is imported in the place of a module.
listing = subprocess.run([sys.executable, "-I", "-m", "coverage", "json", rules, "-q", "-o", "-"],
                         env=environment, capture_output=True, text=True, cwd="/")
files = {}
try:
    for path, facts in json.loads(listing.stdout)["files"].items():
        files[os.path.join("/", path)] = {"executed": facts["executed_lines"], "missing": facts["missing_lines"]}
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

// How many tests ran, as unittest or pytest say at their end.
std::optional<int> TestsRun(const std::string& output) {
  const auto number = [](std::string_view word) {
    int value = -1;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
  };
  std::optional<int> count;
  for (const std::string_view line : SplitLines(output)) {
    const auto words = Split(std::string(Trim(line)), ' ');
    if (words.size() >= 3 && words[0] == "Ran" && words[2].starts_with("test"))
      count = number(words[1]);
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      const bool summary = line.find(" in ") != std::string_view::npos;  // "12 passed in 0.05s"
      if (summary && words[i + 1].starts_with("passed") && number(words[i]) >= 0)
        count = number(words[i]);
    }
    if (line.find("no tests ran") != std::string_view::npos) count = 0;
  }
  return count;
}

std::string WhyFailed(int code, const std::string& output) {
  if (output.find("No space left on device") != std::string::npos)
    return "the tests fail; the sandbox's disk was full (sandbox.disk_mb)";
  if (output.find("MemoryError") != std::string::npos)
    return "the tests fail; the sandbox's memory was used up (sandbox.memory_mb)";
  if (code < 0) return fmt::format("the tests were ended by signal {}", -code);
  return fmt::format("the tests fail with exit code {}", code);
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
  job.command = {interpreter, "-I", "-B", "-c", kImportCheck, items.dump()};
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
  job.command = {interpreter, "-I", "-B", "-c", kTestRun, Json(CoverageArguments(command)).dump()};
  return job;
}

Result<TestRun> ReadTestRun(const SandboxRun& run) {
  TestRun result;
  result.output = run.output;
  result.count = TestsRun(run.output);
  if (run.end == SandboxEnd::kTimedOut) {
    result.problem = "the tests did not end in time and were ended";
    return result;
  }
  if (run.end == SandboxEnd::kOutputLimit) {
    result.problem = "the tests printed too much and were ended";
    return result;
  }
  try {
    const Json report = Json::parse(run.report);
    const int code = report.at("code").get<int>();
    result.passed = code == 0;
    if (code != 0) result.problem = WhyFailed(code, run.output);
    for (const auto& [path, facts] : report.at("files").items()) {
      result.coverage.push_back({path.starts_with("/component/")
                                     ? path.substr(std::string_view("/component/").size())
                                     : path,
                                 facts.at("executed").get<std::vector<int>>(),
                                 facts.at("missing").get<std::vector<int>>()});
    }
    return result;
  } catch (const Json::exception&) {
    result.problem = "the test run gave no report (it was ended, or ended itself)";
    return result;
  }
}

}  // namespace ratchet::python
