#include "adapters/bwrap/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>

namespace ratchet {
namespace {

constexpr uid_t kNobody = 65534;
constexpr int kReportDescriptor = 3;
constexpr int kPassedDescriptor = 4;

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] bool ok() const { return ends_[0] >= 0; }
  [[nodiscard]] int read_end() const { return ends_[0]; }
  [[nodiscard]] int write_end() const { return ends_[1]; }
  void CloseRead() { Close(ends_[0]); }
  void CloseWrite() { Close(ends_[1]); }

 private:
  static void Close(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

// Runs in the child between fork and exec: system calls only, no allocation.
[[noreturn]] void Become(char** arguments, int output, int report, int pass, bool drop) {
  setpgid(0, 0);
  // The daemon blocks and ignores signals; its children start afresh.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int null = open("/dev/null", O_RDONLY);
  // The report's end may itself be descriptor 0-3: move both out of the way first.
  const int out = fcntl(output, F_DUPFD, 100), rep = fcntl(report, F_DUPFD, 100);
  const int passed = pass >= 0 ? fcntl(pass, F_DUPFD, 100) : -1;
  dup2(null, 0);
  dup2(out, 1);
  dup2(out, 2);
  dup2(rep, kReportDescriptor);
  if (passed >= 0) dup2(passed, kPassedDescriptor);
  // Nothing else that the daemon has open is anybody's business.
  close_range(passed >= 0 ? kPassedDescriptor + 1 : kPassedDescriptor, ~0U, 0);
  if (drop && (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
               setresuid(kNobody, kNobody, kNobody) != 0)) {
    _exit(126);
  }
  char* environment[] = {nullptr};
  execve(arguments[0], arguments, environment);
  _exit(127);
}

// Reads what is there; false at the end of the stream.
bool Drain(int fd, std::string& into, std::uint64_t limit, bool& over) {
  std::array<char, 65536> buffer;
  const ssize_t got = read(fd, buffer.data(), buffer.size());
  if (got <= 0) return got < 0 && (errno == EINTR || errno == EAGAIN);
  const auto count = static_cast<std::uint64_t>(got);
  const std::uint64_t room = limit > into.size() ? limit - into.size() : 0;
  into.append(buffer.data(), static_cast<size_t>(std::min(count, room)));
  over = over || count > room;
  return true;
}

}  // namespace

Result<SandboxRun> RunChild(const ChildSpec& spec) {
  Pipe output, report;
  if (!output.ok() || !report.ok()) return Fail(ErrorCode::kUnavailable, "no descriptors are left");
  std::vector<char*> arguments;
  arguments.reserve(spec.command.size() + 1);
  for (const std::string& word : spec.command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child < 0)
    return Fail(ErrorCode::kUnavailable, fmt::format("fork: {}", std::strerror(errno)));
  if (child == 0)
    Become(arguments.data(), output.write_end(), report.write_end(), spec.pass,
           spec.drop_to_nobody);
  setpgid(child, child);
  output.CloseWrite();
  report.CloseWrite();

  SandboxRun run;
  bool over = false;
  bool output_open = true, report_open = true;
  while (output_open || report_open) {
    const auto elapsed =
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
    if (elapsed >= spec.wall || over) {
      run.end = over ? SandboxEnd::kOutputLimit : SandboxEnd::kTimedOut;
      break;
    }
    pollfd waits[2] = {{output_open ? output.read_end() : -1, POLLIN, 0},
                       {report_open ? report.read_end() : -1, POLLIN, 0}};
    poll(waits, 2, static_cast<int>((spec.wall - elapsed).count()));
    if (waits[0].revents != 0)
      output_open = Drain(output.read_end(), run.output, spec.output_bytes, over);
    if (waits[1].revents != 0)
      report_open = Drain(report.read_end(), run.report, spec.output_bytes, over);
  }
  if (run.end != SandboxEnd::kExited) kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  kill(-child, SIGKILL);  // stragglers of the group
  run.took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
  if (run.end != SandboxEnd::kExited) return run;
  run.end = WIFSIGNALED(status) ? SandboxEnd::kSignalled : SandboxEnd::kExited;
  run.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  return run;
}

}  // namespace ratchet
