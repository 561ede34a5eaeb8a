// What the sandbox denies, proved by programs that try. Run as root and as somebody else.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "adapters/bwrap/bwrap_sandbox.h"

namespace ratchet {
namespace {

class SandboxTest : public ::testing::Test {
 protected:
  SandboxRun Python(const std::string& code, SandboxLimits limits = {}) {
    SandboxJob job;
    job.command = {"/usr/bin/python3", "-c", code};
    job.limits = limits;
    job.limits.wall = std::min(job.limits.wall, Duration(20'000));
    const auto run = sandbox_.Run(job);
    EXPECT_TRUE(run) << run.error().message;
    return run ? *run : SandboxRun{};
  }
  // What the code prints, or the exception it ends with.
  std::string Try(const std::string& code, SandboxLimits limits = {}) {
    return Python(
               "try:\n    " + code + "\nexcept BaseException as e:\n    print(type(e).__name__)\n",
               limits)
        .output;
  }
  BwrapSandbox sandbox_;
};

TEST_F(SandboxTest, OrdinaryProgramsRun) {
  const auto run = Python(
      "import os, sys\nprint('hello')\nopen('/component/x', 'w').write('y')\nos.write(3, "
      "b'report')\nsys.exit(4)");
  EXPECT_EQ(run.end, SandboxEnd::kExited);
  EXPECT_EQ(run.code, 4);
  EXPECT_EQ(run.output, "hello\n");
  EXPECT_EQ(run.report, "report");
}

TEST_F(SandboxTest, TheSystemIsReadOnly) {
  for (const char* path : {"/usr/bin/x", "/etc/x", "/x", "/home/nobody/x", "/dev/x", "/src/x"}) {
    EXPECT_NE(
        Try(std::string("open('") + path + "', 'w').write('x'); print('written')").find("Error"),
        std::string::npos)
        << path;
  }
}

TEST_F(SandboxTest, NobodysFilesAreThere) {
  EXPECT_EQ(Try("import os; print(sorted(os.listdir('/home')), os.path.exists('/root'), "
                "os.path.exists('/etc/passwd'), os.path.exists('/var'))"),
            "['nobody'] False False False\n");
  EXPECT_EQ(Try("import os; print(os.listdir('/home/nobody'))"), "[]\n");
}

TEST_F(SandboxTest, ThereIsNoNetwork) {
  EXPECT_NE(Try("import socket; socket.create_connection(('127.0.0.1', 22), 2)").find("Error"),
            std::string::npos);
  EXPECT_NE(Try("import socket; socket.create_connection(('192.0.2.1', 80), 2)").find("Error"),
            std::string::npos);
  EXPECT_EQ(Try("import os; print(sorted(os.listdir('/sys/class/net')) if os.path.exists('/sys') "
                "else 'no sys')"),
            "no sys\n");
}

TEST_F(SandboxTest, NeitherEnvironmentNorDescriptorsComeAlong) {
  setenv("RATCHET_TEST_SECRET", "hunter2", 1);
  const int leaked = open("/etc/hostname", O_RDONLY);
  EXPECT_EQ(Try("import os; print(os.environ.get('RATCHET_TEST_SECRET'))"), "None\n");
  EXPECT_EQ(Try("import os; print([f for f in os.listdir('/proc/self/fd') if int(f) > 3 and "
                "os.path.exists('/proc/self/fd/' + f)])"),
            "[]\n");
  close(leaked);
}

TEST_F(SandboxTest, ItIsSomebodyElseWithoutPowers) {
  EXPECT_EQ(Try("import os; print(os.getuid() == 0)"), "False\n");
  EXPECT_NE(Try("import os; os.setuid(0); print('root')").find("Error"), std::string::npos);
  EXPECT_NE(
      Try("import ctypes, os; print(ctypes.CDLL(None, use_errno=True).unshare(0x10000000), 'x')")
          .find("-1"),
      std::string::npos);
  EXPECT_NE(Try("import ctypes; print(ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, None))")
                .find("-1"),
            std::string::npos);
  EXPECT_NE(Try("import ctypes; print(ctypes.CDLL(None).ptrace(0, 0, 0, 0))").find("-1"),
            std::string::npos);
}

TEST_F(SandboxTest, OtherProcessesAreOutOfReach) {
  EXPECT_EQ(Try("import os; print(len([p for p in os.listdir('/proc') if p.isdigit()]) < 8)"),
            "True\n");
}

TEST_F(SandboxTest, ForkBombsAreBounded) {
  const auto run = Python(
      "import os, time\nn = 0\ntry:\n    while n < 5000:\n        if os.fork() == 0:\n            "
      "time.sleep(30)\n            os._exit(0)\n"
      "        n += 1\nexcept OSError:\n    pass\nprint(n < 100, flush=True)\nos._exit(0)",
      {.wall = Duration(10'000), .processes = 64});
  EXPECT_NE(run.output.find("True"), std::string::npos) << run.output;
  EXPECT_LT(run.took, Duration(12'000));
}

TEST_F(SandboxTest, MemoryIsBounded) {
  EXPECT_EQ(Try("x = bytearray(900 << 20); print('got it')", {.memory_bytes = 512ULL << 20}),
            "MemoryError\n");
}

TEST_F(SandboxTest, DisksAreBounded) {
  for (const char* folder : {"/tmp", "/component", "/dev/shm"}) {
    const std::string code = std::string("n = 0\n    while True: open('") + folder +
                             "/%d' % n, 'wb').write(b'x' * (1 << 20)); n += 1";
    EXPECT_EQ(Try(code, {.disk_bytes = 32ULL << 20}), "OSError\n") << folder;
  }
}

TEST_F(SandboxTest, WhoPrintsAGigabyteIsEnded) {
  const auto run =
      Python("import sys\nfor i in range(1000):\n    sys.stdout.write('x' * (1 << 20))");
  EXPECT_EQ(run.end, SandboxEnd::kOutputLimit);
  EXPECT_LE(run.output.size(), 4U << 20);
}

TEST_F(SandboxTest, WhoHangsIsEnded) {
  const auto run =
      Python("import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(1000)",
             {.wall = Duration(1'000)});
  EXPECT_EQ(run.end, SandboxEnd::kTimedOut);
  EXPECT_LT(run.took, Duration(5'000));
}

TEST_F(SandboxTest, TheComponentIsCopiedAndNeverTouched) {
  std::string pattern = (std::filesystem::temp_directory_path() / "ratchet-XXXXXX").string();
  const std::filesystem::path root = mkdtemp(pattern.data());
  std::ofstream(root / "a.txt") << "original";
  std::filesystem::create_symlink("/etc/hostname", root / "link");
  SandboxJob job;
  job.copy_root = root.string();
  job.files = {{"b/c.txt", "added"}};
  job.command = {"/bin/sh", "-c", "cat a.txt b/c.txt; ls link; echo changed > a.txt; rm -rf b"};
  const auto run = sandbox_.Run(job);
  ASSERT_TRUE(run);
  EXPECT_TRUE(run->output.starts_with("originaladded")) << run->output;
  EXPECT_NE(run->output.find("No such file"), std::string::npos);
  std::string text;
  std::ifstream(root / "a.txt") >> text;
  EXPECT_EQ(text, "original");
  EXPECT_FALSE(std::filesystem::exists(root / "b"));
  job.files = {{"../../etc/x", "escaped"}};
  EXPECT_FALSE(sandbox_.Run(job));
  std::filesystem::remove_all(root);
}

TEST_F(SandboxTest, ASandboxThatIsNotThereIsSaid) {
  BwrapSandbox missing("/nowhere/bwrap");
  const auto probe = missing.Probe();
  ASSERT_FALSE(probe);
  EXPECT_EQ(probe.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace ratchet
