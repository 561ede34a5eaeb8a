// A disk that is really full: a file system of four megabytes in a mount name space of our own.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "adapters/clock/system_clock.h"
#include "adapters/files/in_place_deployer.h"
#include "adapters/sqlite/sqlite_state_store.h"
#include "adapters/sqlite/sqlite_telemetry_store.h"
#include "core/base/hash.h"
#include "core/deployment/tree_hash.h"

namespace ratchet {
namespace {

namespace fs = std::filesystem;

const fs::path kDisk = "/mnt";

std::string ReadText(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Serves what is on disk.
class Service : public HttpClient {
 public:
  Result<HttpAnswer> Send(const HttpRequest&) override {
    nlohmann::json digests;
    for (const char* path : {"a.py", "deep/er/b.py"})
      digests[path] = Sha256Hex(ReadText(kDisk / "app" / path));
    return HttpAnswer{.status = 200, .body = digests.dump()};
  }
};

class FullDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = kDisk / "app";
    fs::create_directories(root_ / "deep" / "er");
    Write(root_ / "a.py", "old a\n");
    Write(root_ / "deep/er/b.py", "old b\n");
    Write(root_ / "data.bin", std::string(1 << 20, 'd'));
    ComponentConfig component;
    component.id = ComponentId("app");
    component.sources = {"**/*.py"};
    component.root = root_.string();
    component.reload = {.kind = ReloadKind::kHttp, .url = "reload"};
    component.proof = {.kind = ProofKind::kDigest, .url = "proof", .timeout = Duration(200)};
    component_ = component;
  }
  void TearDown() override {
    for (const auto& entry : fs::directory_iterator(kDisk)) fs::remove_all(entry.path());
  }
  static void Write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  // To the last byte.
  static void FillUp() {
    const int file = open((kDisk / "filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (write(file, block.data(), block.size()) > 0) {
    }
    close(file);
    ASSERT_EQ(fs::space(kDisk).available, 0U);
  }
  static void MakeRoom() { fs::remove(kDisk / "filler"); }

  DeploymentPlan Plan(std::vector<FileChange> files) {
    DeploymentPlan plan{
        .component = component_, .change = {.files = std::move(files)}, .name = "imp-1"};
    const auto tree = tree_.Read(plan.component);
    plan.expected = tree->hash;
    std::vector<FileDigest> digests;
    for (const auto& file : tree->files) digests.push_back({file.path, Sha256Hex(file.text)});
    plan.wanted.version = deployment::TreeHash(*deployment::Apply(digests, plan.change));
    return plan;
  }
  void RefusesWhenFullAndRollsBackWhenFull(const DeploymentPlan& plan) {
    FillUp();
    const auto refused = deployer_.Deploy(plan, {});
    EXPECT_EQ(refused.outcome, DeployOutcome::kFailedUntouched);
    EXPECT_NE(refused.detail.find("No space left"), std::string::npos) << refused.detail;
    EXPECT_EQ(tree_.Read(plan.component)->hash, plan.expected);
    MakeRoom();
    const auto deployed = deployer_.Deploy(plan, {});
    ASSERT_EQ(deployed.outcome, DeployOutcome::kDone) << deployed.detail;
    EXPECT_EQ(tree_.Read(plan.component)->hash, plan.wanted.version);
    FillUp();
    const auto back = deployer_.RollBack(deployment::Reverse(plan));
    EXPECT_EQ(back.outcome, DeployOutcome::kDone) << back.detail;
    EXPECT_EQ(tree_.Read(plan.component)->hash, plan.expected);
  }

  fs::path root_;
  ComponentConfig component_;
  files::FileSourceTree tree_;
  Service service_;
  files::InPlaceDeployer deployer_{service_};
};

TEST_F(FullDiskTest, OneFileIsRolledBackWithoutSpace) {
  RefusesWhenFullAndRollsBackWhenFull(Plan({{"a.py", "old a\n", "new a\n"}}));
  EXPECT_EQ(ReadText(root_ / "a.py"), "old a\n");
}

TEST_F(FullDiskTest, SeveralFilesAreRolledBackWithTheReservedSpace) {
  const auto plan = Plan({{"a.py", "old a\n", "new a\n"}, {"deep/er/b.py", "old b\n", "new b\n"}});
  const fs::path reserve = kDisk / ".ratchet-app-imp-1.reserve";
  ASSERT_EQ(deployer_.Deploy(plan, {}).outcome, DeployOutcome::kDone);
  EXPECT_GE(fs::file_size(reserve), 256U << 10);
  ASSERT_EQ(deployer_.RollBack(deployment::Reverse(plan)).outcome, DeployOutcome::kDone);
  EXPECT_FALSE(fs::exists(reserve));
  RefusesWhenFullAndRollsBackWhenFull(plan);
  EXPECT_EQ(ReadText(root_ / "a.py") + ReadText(root_ / "deep/er/b.py"), "old a\nold b\n");
  EXPECT_EQ(ReadText(root_ / "data.bin").size(), 1U << 20);
}

TEST_F(FullDiskTest, ControlGoesOnAndTelemetryIsRefused) {
  DiskReserve reserve((kDisk / "reserve").string(), 1 << 20);
  ASSERT_TRUE(reserve.Hold());
  const SystemClock clock;
  const auto state = SqliteStateStore::Open(
      {.path = (kDisk / "state.db").string(), .audit_key = "key", .reserve = &reserve});
  ASSERT_TRUE(state) << state.error().message;
  const auto telemetry =
      SqliteTelemetryStore::Open((kDisk / "telemetry.db").string(), {}, clock, &reserve);
  ASSERT_TRUE(telemetry) << telemetry.error().message;
  Transaction tx;
  tx.audit.push_back({{}, {}, {}, {"ratchet", "look", std::string(2000, 'a')}, clock.Now()});
  ASSERT_TRUE((*state)->Commit(tx));
  FillUp();
  for (int i = 0; i < 40; ++i) {
    const Status done = (*state)->Commit(tx);
    ASSERT_TRUE(done) << i << ": " << done.error().message;
  }
  EXPECT_FALSE(reserve.held());
  EXPECT_FALSE((*telemetry)->Write({}));
  EXPECT_EQ((*state)->Head()->sequence, 41);
  MakeRoom();
  EXPECT_TRUE(reserve.Hold());
  EXPECT_TRUE((*telemetry)->Write({}));
}

// A file system of our own; as somebody else than root in a user name space, too.
bool MountSmallDisk() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  const int spaces = CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER);
  if (unshare(spaces) != 0) return false;
  if (user != 0) {
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
  }
  return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("none", kDisk.c_str(), "tmpfs", 0, "size=4m") == 0;
}

}  // namespace
}  // namespace ratchet

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!ratchet::MountSmallDisk()) {
    std::perror("a small file system cannot be mounted here");
    return 1;
  }
  return RUN_ALL_TESTS();
}
