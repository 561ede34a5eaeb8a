#include "adapters/bwrap/bwrap_sandbox.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "adapters/bwrap/child_process.h"
#include "adapters/bwrap/system_call_filter.h"
#include "core/base/path.h"

namespace ratchet {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kCopyBytesMax = 256U << 20;
constexpr std::uint64_t kSharedMemoryBytes = 16U << 20;

// A folder that the sandbox's user may read; removed when it goes out of scope.
class StagingFolder {
 public:
  static Result<std::unique_ptr<StagingFolder>> Make() {
    std::string pattern =
        (fs::temp_directory_path() / fmt::format("{}{}-XXXXXX", kPrefix, getpid())).string();
    if (mkdtemp(pattern.data()) == nullptr)
      return Fail(ErrorCode::kUnavailable, "no temporary folder can be made");
    // Readable for the sandbox's user alone: the component's own files may be secret.
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && chown(pattern.c_str(), kNobody, kNobody) != 0) {
      return Fail(ErrorCode::kUnavailable, "the temporary folder cannot be given to the sandbox");
    }
    return std::unique_ptr<StagingFolder>(new StagingFolder(pattern));
  }
  ~StagingFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

  // What processes left behind that were killed: they hold copies of components.
  static void CleanUp() {
    std::error_code error;
    for (auto it = fs::directory_iterator(fs::temp_directory_path(), error);
         !error && it != fs::directory_iterator(); it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (!name.starts_with(kPrefix)) continue;
      const pid_t owner = static_cast<pid_t>(std::atoi(name.c_str() + kPrefix.size()));
      std::error_code ignored;
      // Another name space may share the folder and know the process: only old ones go.
      const auto age = fs::file_time_type::clock::now() - fs::last_write_time(it->path(), ignored);
      const bool gone = owner > 0 && kill(owner, 0) != 0 && errno == ESRCH;
      if (gone && age > std::chrono::hours(1)) fs::remove_all(it->path(), ignored);
    }
  }

 private:
  static constexpr std::string_view kPrefix = "ratchet-sandbox-";
  explicit StagingFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// Regular files and folders only: no links that lead outside, no devices, no version control.
Status CopyTree(const fs::path& from, const fs::path& to) {
  std::error_code error;
  std::uintmax_t bytes = 0;
  for (auto it = fs::recursive_directory_iterator(from, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::path relative = it->path().lexically_relative(from);
    const std::string name = it->path().filename().string();
    if (it->is_symlink()) continue;
    if (it->is_directory()) {
      const bool skipped = name == ".git" || name == "__pycache__" || name == ".ratchet" ||
                           name == "node_modules" || name == ".venv";
      if (skipped) {
        it.disable_recursion_pending();
      } else {
        fs::create_directories(to / relative, error);
        fs::permissions(to / relative, fs::perms(0755), error);
      }
    } else if (it->is_regular_file()) {
      bytes += it->file_size(error);
      if (bytes > kCopyBytesMax) {
        return Fail(ErrorCode::kResourceExhausted,
                    fmt::format("{} holds more than {} MB", from.string(), kCopyBytesMax >> 20));
      }
      fs::copy_file(it->path(), to / relative, fs::copy_options::overwrite_existing, error);
      fs::permissions(to / relative, fs::perms(0644), fs::perm_options::replace, error);
    }
  }
  if (error)
    return Fail(ErrorCode::kUnavailable,
                fmt::format("copy {}: {}", from.string(), error.message()));
  return {};
}

Status WriteFiles(const fs::path& to, const std::vector<SandboxFile>& files) {
  for (const SandboxFile& file : files) {
    TRY(const std::string path, NormaliseRelativePath(file.path));
    std::error_code error;
    fs::create_directories((to / path).parent_path(), error);
    std::ofstream out(to / path, std::ios::binary | std::ios::trunc);
    out << file.text;
    if (!out.flush()) return Fail(ErrorCode::kUnavailable, "write " + (to / path).string());
  }
  return {};
}

std::vector<std::string> Arguments(const std::string& program, const SandboxJob& job,
                                   const fs::path& staging) {
  const std::string disk = std::to_string(job.limits.disk_bytes);
  std::vector<std::string> a = {
      program,      "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session",
      "--cap-drop", "ALL",           "--clearenv",     "--ro-bind",         "/usr",
      "/usr"};
  const auto add = [&](std::initializer_list<std::string> more) { a.insert(a.end(), more); };
  for (const char* name : {"bin", "sbin", "lib", "lib64", "lib32"}) {
    const fs::path path = fs::path("/") / name;
    std::error_code ignored;
    if (fs::is_symlink(path, ignored))
      add({"--symlink", fs::read_symlink(path, ignored).string(), path.string()});
    else if (fs::is_directory(path, ignored))
      add({"--ro-bind", path.string(), path.string()});
  }
  for (const char* path :
       {"/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types"})
    add({"--ro-bind-try", path, path});
  for (const std::string& path : job.readable_paths) add({"--ro-bind", path, path});
  add({"--proc",
       "/proc",
       "--dev",
       "/dev",
       "--size",
       std::to_string(std::min<std::uint64_t>(job.limits.disk_bytes, kSharedMemoryBytes)),
       "--tmpfs",
       "/dev/shm",
       "--size",
       disk,
       "--tmpfs",
       "/tmp",
       "--size",
       disk,
       "--tmpfs",
       "/component",
       "--dir",
       "/home/nobody",
       "--ro-bind",
       staging.string(),
       "/src",
       "--remount-ro",
       "/dev",
       "--remount-ro",
       "/",
       "--chdir",
       "/component",
       "--setenv",
       "HOME",
       "/home/nobody",
       "--setenv",
       "PATH",
       "/usr/local/bin:/usr/bin:/bin",
       "--setenv",
       "LANG",
       "C.UTF-8",
       "--setenv",
       "TMPDIR",
       "/tmp",
       "--setenv",
       "PYTHONDONTWRITEBYTECODE",
       "1"});
  for (const auto& [name, value] : job.environment) add({"--setenv", name, value});
  const auto seconds = std::to_string(job.limits.wall.count() / 1000 + 5);
  add({"--seccomp", "4", "--", "/usr/bin/prlimit", "--core=0", "--nofile=512",
       "--nproc=" + std::to_string(job.limits.processes),
       "--as=" + std::to_string(job.limits.memory_bytes), "--fsize=" + disk, "--cpu=" + seconds,
       "--", "/bin/sh", "-c", "cp -R /src/. /component/ && exec \"$@\"", "sh"});
  a.insert(a.end(), job.command.begin(), job.command.end());
  return a;
}

}  // namespace

Result<SandboxRun> BwrapSandbox::Run(const SandboxJob& job) {
  TRY(const auto staging, StagingFolder::Make());
  if (!job.copy_root.empty()) TRY_STATUS(CopyTree(job.copy_root, staging->path()));
  TRY_STATUS(WriteFiles(staging->path(), job.files));
  TRY(const int filter, WriteSystemCallFilter());
  ChildSpec spec{.command = Arguments(program_, job, staging->path()),
                 .pass = filter,
                 .drop_to_nobody = geteuid() == 0,
                 .wall = job.limits.wall,
                 .output_bytes = job.limits.output_bytes};
  auto run = RunChild(spec);
  close(filter);
  if (!run) return run;
  // bubblewrap says what it could not do, and nothing of the job has run then.
  if (run->end == SandboxEnd::kExited && run->code != 0 && run->output.starts_with("bwrap:")) {
    return Fail(ErrorCode::kUnavailable, "the sandbox does not work here: " + run->output);
  }
  if (run->code == 126 || run->code == 127) {
    if (run->output.empty())
      return Fail(ErrorCode::kUnavailable,
                  "the sandbox program " + program_ + " cannot be started");
  }
  return run;
}

Status BwrapSandbox::Probe() {
  StagingFolder::CleanUp();
  SandboxJob job;
  job.command = {"/bin/true"};
  job.limits.wall = Duration(10'000);
  TRY(const SandboxRun run, Run(job));
  if (run.end == SandboxEnd::kExited && run.code == 0) return {};
  return Fail(ErrorCode::kUnavailable, "the sandbox does not work here: " + run.output);
}

}  // namespace ratchet
