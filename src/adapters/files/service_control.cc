#include "adapters/files/service_control.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "core/base/text.h"

namespace ratchet::files {
namespace {

using Json = nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

constexpr Duration kPoll{50};

int SignalNumber(const std::string& name) {
  if (name == "HUP") return SIGHUP;
  if (name == "USR1") return SIGUSR1;
  if (name == "USR2") return SIGUSR2;
  if (name == "TERM") return SIGTERM;
  return 0;
}

// Whether the map of loaded sources has the files with the wanted digests.
Status DigestsMatch(const Json& loaded, const std::vector<FileDigest>& files, Proof wanted) {
  if (!loaded.is_object())
    return Fail(ErrorCode::kInvalidArgument, "the proof is no map of files to digests");
  bool any = files.empty();
  for (const FileDigest& file : files) {
    const auto at = loaded.find(file.path);
    if (wanted == Proof::kRehearsed && at == loaded.end()) continue;
    any = true;
    if (at == loaded.end() || !at->is_string())
      return Fail(ErrorCode::kUnavailable, file.path + " is not loaded");
    if (at->get<std::string>() != file.sha256)
      return Fail(ErrorCode::kUnavailable, file.path + " is loaded in another version");
  }
  if (!any)
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the proof names none of the component's {} sources; they are named as "
                            "{} is",
                            files.size(), files.front().path));
  return {};
}

// Nothing of the daemon's environment but what every program needs and what is declared: its keys
// are nobody else's.
std::vector<std::string> CommandEnvironment(const ReloadConfig& reload) {
  std::vector<std::string> wanted = {"PATH", "HOME", "LANG"};
  wanted.insert(wanted.end(), reload.environment.begin(), reload.environment.end());
  std::map<std::string, std::string> values;  // what is declared outranks what is passed on
  for (const std::string& entry : wanted) {
    const size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    const char* own = std::getenv(name.c_str());
    if (equals != std::string::npos)
      values[name] = entry.substr(equals + 1);
    else if (own != nullptr)
      values[name] = own;
  }
  std::vector<std::string> environment;
  environment.reserve(values.size());
  for (const auto& [name, value] : values) environment.push_back(fmt::format("{}={}", name, value));
  return environment;
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

// In the component's root, without a shell. What it writes goes where the daemon's own output goes:
// the service that it starts may keep these descriptors for as long as it lives.
Status ServiceControl::RunCommand(const ComponentConfig& component) {
  const ReloadConfig& reload = component.reload;
  const std::vector<char*> arguments = Pointers(reload.command);
  const std::vector<std::string> variables = CommandEnvironment(reload);
  const std::vector<char*> environment = Pointers(variables);
  pid_t child = 0;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // The service that the command starts inherits neither blocked signals nor open descriptors.
  sigset_t none, pipe;
  sigemptyset(&none);
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &pipe);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, component.root.c_str());
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  const int failed = posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(),
                                  environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  const std::string name = fmt::format("the reload command {}", reload.command[0]);
  if (failed != 0)
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{} cannot be started in {}: {}", name, component.root,
                            std::generic_category().message(failed)));
  const auto deadline = SteadyClock::now() + reload.timeout;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (SteadyClock::now() > deadline) {
      kill(-child, SIGKILL);
      waitpid(child, &status, 0);
      return Fail(ErrorCode::kTimeout,
                  fmt::format("{} did not end within {}", name, FormatDuration(reload.timeout)));
    }
    std::this_thread::sleep_for(kPoll);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string how = WIFSIGNALED(status)
                              ? fmt::format("was ended by signal {}", WTERMSIG(status))
                              : fmt::format("ended with exit code {}", WEXITSTATUS(status));
  return Fail(ErrorCode::kUnavailable, fmt::format("{} {}", name, how));
}

Status ServiceControl::Reload(const ComponentConfig& component) {
  const ReloadConfig& reload = component.reload;
  switch (reload.kind) {
    case ReloadKind::kNone:
      return {};
    case ReloadKind::kCommand:
      return RunCommand(component);
    case ReloadKind::kSignal: {
      std::ifstream file(reload.pid_file);
      pid_t pid = 0;
      file >> pid;
      if (pid <= 1)
        return Fail(ErrorCode::kNotFound, "reload: no process id in " + reload.pid_file);
      if (kill(pid, SignalNumber(reload.signal)) != 0)
        return Fail(ErrorCode::kUnavailable,
                    fmt::format("reload: process {} of {} cannot be signalled: {}", pid,
                                reload.pid_file, std::generic_category().message(errno)));
      return {};
    }
    case ReloadKind::kHttp: {
      const auto answer =
          http_.Send({.method = "POST", .url = reload.url, .timeout = reload.timeout});
      if (!answer) return std::unexpected(answer.error().Within("reload"));
      if (answer->status / 100 == 2) return {};
      return Fail(ErrorCode::kUnavailable, fmt::format("reload: {} answered {}: {}", reload.url,
                                                       answer->status, Shorten(answer->body, 200)));
    }
  }
  return {};
}

Result<std::string> ServiceControl::ReadProof(const ProofConfig& proof) {
  const auto answer = http_.Send({.url = proof.url, .timeout = proof.timeout});
  if (!answer) return std::unexpected(answer.error().Within("proof"));
  if (answer->status != 200)
    return Fail(ErrorCode::kUnavailable,
                fmt::format("proof: {} answered {}", proof.url, answer->status));
  const Json json = Json::parse(answer->body, nullptr, false);
  try {
    return json.at(Json::json_pointer(proof.pointer)).dump();
  } catch (const Json::exception&) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("proof: {} has nothing at \"{}\"", proof.url, proof.pointer));
  }
}

Status ServiceControl::ReloadAndProve(const ComponentConfig& component,
                                      const std::vector<FileDigest>& files, Proof wanted) {
  const ProofConfig& proof = component.proof;
  if (proof.kind == ProofKind::kNone) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "component " + component.id.value + " has no proof of what it serves ([component.proof])");
  }
  std::string value_before;
  if (proof.kind == ProofKind::kChanges) {
    auto value = ReadProof(proof);
    if (!value && wanted != Proof::kRestored)
      return std::unexpected(value.error().Within("before the reload"));
    value_before = std::move(value).value_or("");
  }
  TRY_STATUS(Reload(component));
  const auto deadline = SteadyClock::now() + proof.timeout;
  Status last = Fail(ErrorCode::kTimeout, "no answer");
  while (true) {
    const auto value = ReadProof(proof);
    if (!value) {
      last = std::unexpected(value.error());
    } else if (proof.kind == ProofKind::kChanges) {
      if (*value != value_before) return {};
      last = Fail(ErrorCode::kUnavailable, "the value is the same as before the reload");
    } else {
      last = DigestsMatch(Json::parse(*value, nullptr, false), files, wanted);
      if (last) return {};
    }
    if (SteadyClock::now() >= deadline) break;
    std::this_thread::sleep_for(kPoll);
  }
  return Fail(ErrorCode::kTimeout,
              fmt::format("the service does not prove within {} that it serves the version: {}",
                          FormatDuration(proof.timeout), last.error().message));
}

Health ServiceControl::CheckHealth(const ComponentConfig& component) {
  if (component.health_url.empty()) return Health::kUnknown;
  for (int i = 0; i < 3; ++i) {
    if (i > 0) std::this_thread::sleep_for(Duration(500));
    const auto answer = http_.Send({.url = component.health_url, .timeout = Duration(2'000)});
    if (answer && answer->status / 100 == 2) return Health::kHealthy;
  }
  return Health::kFailing;
}

}  // namespace ratchet::files
