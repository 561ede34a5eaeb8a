#include "adapters/files/in_place_deployer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "adapters/files/file_exchange.h"
#include "core/base/hash.h"
#include "core/deployment/tree_hash.h"

namespace ratchet::files {
namespace {

namespace fs = std::filesystem;

// A service that loads what is on disk when it is told to reload.
class FakeService : public HttpClient {
 public:
  explicit FakeService(fs::path root) : root_(std::move(root)) { Load(); }
  Result<HttpAnswer> Send(const HttpRequest& request) override {
    if (hangs) return Fail(ErrorCode::kTimeout, "no answer in time");
    if (request.url == "reload") Load();
    if (request.url == "health") return HttpAnswer{.status = healthy ? 200 : 500};
    if (request.url == "proof" && proofs_missed > 0 && proofs_missed-- > 0)
      return HttpAnswer{.status = 503};
    return HttpAnswer{.status = 200, .body = loaded_.dump()};
  }
  bool hangs = false, healthy = true;
  int reloads = 0, proofs_missed = 0;
  std::string prefix;  // of the names in the proof

 private:
  void Load() {
    ++reloads;
    loaded_.clear();
    for (const auto& entry : fs::directory_iterator(root_)) {
      if (entry.path().extension() != ".py") continue;
      std::ifstream file(entry.path());
      std::stringstream text;
      text << file.rdbuf();
      loaded_[prefix + entry.path().filename().string()] = Sha256Hex(text.str());
    }
  }
  fs::path root_;
  nlohmann::json loaded_;
};

class InPlaceDeployerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ratchet-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    root_ = folder_ / "app";
    fs::create_directory(root_);
    Write("a.py", "old\n");
    Write("b.py", "other\n");
    ComponentConfig component;
    component.id = ComponentId("app");
    component.sources = {"**/*.py"};
    component.root = root_.string();
    component.reload = {.kind = ReloadKind::kHttp, .url = "reload"};
    component.proof = {.kind = ProofKind::kDigest, .url = "proof", .timeout = Duration(200)};
    component.health_url = "health";
    component_ = component;
    service_ = std::make_unique<FakeService>(root_);
    deployer_ = std::make_unique<InPlaceDeployer>(*service_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name) << text;
  }
  std::string ReadText(const std::string& name) {
    std::ifstream file(root_ / name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  DeploymentPlan Plan(std::vector<FileChange> files = {{"a.py", "old\n", "new\n"}}) {
    DeploymentPlan plan{
        .component = component_, .change = {.files = std::move(files)}, .name = "imp-1"};
    const auto tree = tree_.Read(plan.component);
    plan.expected = tree->hash;
    std::vector<FileDigest> digests;
    for (const auto& file : tree->files) digests.push_back({file.path, Sha256Hex(file.text)});
    plan.wanted.version = deployment::TreeHash(*deployment::Apply(digests, plan.change));
    return plan;
  }

  fs::path folder_, root_;
  ComponentConfig component_;
  FileSourceTree tree_;
  std::unique_ptr<FakeService> service_;
  std::unique_ptr<InPlaceDeployer> deployer_;
};

TEST_F(InPlaceDeployerTest, DeployAndRollBackKeepOwnerModeAndTheVeryFile) {
  chmod((root_ / "a.py").c_str(), 0640);
  struct stat before{}, after{}, back{};
  stat((root_ / "a.py").c_str(), &before);
  const auto plan = Plan();
  EXPECT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kDone);
  EXPECT_EQ(ReadText("a.py"), "new\n");
  stat((root_ / "a.py").c_str(), &after);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_NE(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_EQ(deployer_->RollBack(deployment::Reverse(plan)).outcome, DeployOutcome::kDone);
  EXPECT_EQ(ReadText("a.py"), "old\n");
  stat((root_ / "a.py").c_str(), &back);
  EXPECT_EQ(back.st_ino, before.st_ino);
  EXPECT_EQ(back.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

TEST_F(InPlaceDeployerTest, DoingItTwiceIsHarmless) {
  const auto plan = Plan();
  EXPECT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kDone);
  EXPECT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kDone);
  EXPECT_EQ(ReadText("a.py"), "new\n");
  EXPECT_EQ(deployer_->RollBack(deployment::Reverse(plan)).outcome, DeployOutcome::kDone);
  EXPECT_EQ(deployer_->RollBack(deployment::Reverse(plan)).outcome, DeployOutcome::kDone);
  EXPECT_EQ(ReadText("a.py"), "old\n");
}

TEST_F(InPlaceDeployerTest, AForeignVersionIsNeverOverwritten) {
  const auto plan = Plan();
  Write("a.py", "hotfix\n");
  EXPECT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kTreeChanged);
  EXPECT_EQ(ReadText("a.py"), "hotfix\n");
  Write("a.py", "old\n");
  ASSERT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kDone);
  Write("b.py", "hotfix of another file\n");
  EXPECT_EQ(deployer_->RollBack(deployment::Reverse(plan)).outcome, DeployOutcome::kTreeChanged);
  EXPECT_EQ(ReadText("a.py"), "new\n");
}

TEST_F(InPlaceDeployerTest, WhatCameOutDecidesAtTheLastMoment) {
  const auto root = OpenRoot(root_.string());
  const auto swapped = SwapFile(*root, {.path = "a.py",
                                        .kept_name = "x",
                                        .expected_sha256 = Sha256Hex("something else"),
                                        .wanted = "new\n"});
  ASSERT_TRUE(swapped);
  EXPECT_EQ(*swapped, Exchange::kForeign);
  EXPECT_EQ(ReadText("a.py"), "old\n");
}

TEST_F(InPlaceDeployerTest, ACrashBeforeTheLookAtWhatCameOutLosesNoHotfix) {
  const auto plan = Plan();
  ASSERT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kDone);
  std::ofstream(root_ / ".ratchet" / "imp-1.kept") << "hotfix\n";  // as if it had come out unseen
  EXPECT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kTreeChanged);
  EXPECT_EQ(ReadText("a.py"), "hotfix\n");
}

TEST_F(InPlaceDeployerTest, TheKillSwitchHoldsBeforeAnythingIsWritten) {
  const auto result = deployer_->Deploy(Plan(), [] { return true; });
  EXPECT_EQ(result.outcome, DeployOutcome::kHeld);
  EXPECT_EQ(ReadText("a.py"), "old\n");
}

TEST_F(InPlaceDeployerTest, AReloadThatHangsIsAFailureAfterTheTouch) {
  service_->hangs = true;
  EXPECT_EQ(deployer_->Deploy(Plan(), {}).outcome, DeployOutcome::kFailedTouched);
  service_->hangs = false;
  service_->healthy = false;
  EXPECT_EQ(deployer_->Deploy(Plan({{"a.py", "new\n", "newer\n"}}), {}).outcome,
            DeployOutcome::kFailedTouched);
}

// A limit on file size stands for the full disk: every write of content fails.
class FullDisk {
 public:
  FullDisk() {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit full{0, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &full);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(InPlaceDeployerTest, AFullDiskLosesNothing) {
  const auto plan = Plan();
  {
    const FullDisk full;
    const auto refused = deployer_->Deploy(plan, {});
    EXPECT_EQ(refused.outcome, DeployOutcome::kFailedUntouched);
    EXPECT_NE(refused.detail.find("write"), std::string::npos) << refused.detail;
  }
  EXPECT_EQ(ReadText("a.py"), "old\n");
  ASSERT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kDone);
  const FullDisk full;  // a rollback needs no space: the old file is still there
  EXPECT_EQ(deployer_->RollBack(deployment::Reverse(plan)).outcome, DeployOutcome::kDone);
  EXPECT_EQ(ReadText("a.py"), "old\n");
}

TEST_F(InPlaceDeployerTest, StaleByteCodeIsRemoved) {
  fs::create_directory(root_ / "__pycache__");
  std::ofstream(root_ / "__pycache__" / "a.cpython-311.pyc") << "stale";
  std::ofstream(root_ / "__pycache__" / "b.cpython-311.pyc") << "fine";
  ASSERT_EQ(deployer_->Deploy(Plan(), {}).outcome, DeployOutcome::kDone);
  EXPECT_FALSE(fs::exists(root_ / "__pycache__" / "a.cpython-311.pyc"));
  EXPECT_TRUE(fs::exists(root_ / "__pycache__" / "b.cpython-311.pyc"));
}

TEST_F(InPlaceDeployerTest, SeveralFilesAreExchangedWithTheRoot) {
  Write("data.txt", "kept");
  const auto plan = Plan({{"a.py", "old\n", "new a\n"}, {"b.py", "other\n", "new b\n"}});
  const auto deployed = deployer_->Deploy(plan, {});
  ASSERT_EQ(deployed.outcome, DeployOutcome::kDone) << deployed.detail;
  EXPECT_EQ(ReadText("a.py") + ReadText("b.py") + ReadText("data.txt"), "new a\nnew b\nkept");
  const auto back = deployer_->RollBack(deployment::Reverse(plan));
  ASSERT_EQ(back.outcome, DeployOutcome::kDone) << back.detail;
  EXPECT_EQ(ReadText("a.py") + ReadText("b.py"), "old\nother\n");
}

TEST_F(InPlaceDeployerTest, LinksAndEmptyFoldersComeWithTheRoot) {
  fs::create_directory(root_ / "empty");
  fs::create_symlink("b.py", root_ / "alias.py");
  fs::create_directory_symlink("/tmp", root_ / "data");
  fs::create_symlink("nowhere", root_ / "dangling");
  const auto plan = Plan({{"a.py", "old\n", "new a\n"}, {"b.py", "other\n", "new b\n"}});
  const auto deployed = deployer_->Deploy(plan, {});
  ASSERT_EQ(deployed.outcome, DeployOutcome::kDone) << deployed.detail;
  EXPECT_TRUE(fs::is_directory(root_ / "empty"));
  EXPECT_EQ(fs::read_symlink(root_ / "alias.py"), "b.py");
  EXPECT_EQ(fs::read_symlink(root_ / "data"), "/tmp");
  EXPECT_EQ(fs::read_symlink(root_ / "dangling"), "nowhere");
  const auto back = deployer_->RollBack(deployment::Reverse(plan));
  ASSERT_EQ(back.outcome, DeployOutcome::kDone) << back.detail;
  EXPECT_EQ(fs::read_symlink(root_ / "alias.py"), "b.py");
}

// As a crash leaves it: exchanged, and nobody looked at what came out.
TEST_F(InPlaceDeployerTest, ACrashInTheExchangeOfTheRootLosesNoHotfix) {
  const auto plan = Plan({{"a.py", "old\n", "new a\n"}, {"b.py", "other\n", "new b\n"}});
  ASSERT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kDone);
  const fs::path kept = folder_ / ".ratchet-app-imp-1",
                 staged = folder_ / ".ratchet-app-imp-1.staged";
  fs::rename(kept, staged);
  EXPECT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kDone);
  EXPECT_TRUE(fs::exists(kept));
  fs::rename(kept, staged);
  std::ofstream(staged / "a.py") << "hotfix\n";
  EXPECT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kTreeChanged);
  EXPECT_EQ(ReadText("a.py"), "hotfix\n");
}

TEST_F(InPlaceDeployerTest, BackupsOfOtherRootsAreLeftAlone) {
  for (const char* other :
       {".ratchet-app-b-imp-7", ".ratchet-app-b-imp-7.staged", ".ratchet-app-state"})
    fs::create_directory(folder_ / other);
  fs::create_directory(folder_ / ".ratchet-app-imp-0");
  const auto plan = Plan({{"a.py", "old\n", "new a\n"}, {"b.py", "other\n", "new b\n"}});
  ASSERT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kDone);
  EXPECT_FALSE(fs::exists(folder_ / ".ratchet-app-imp-0"));
  for (const char* other :
       {".ratchet-app-b-imp-7", ".ratchet-app-b-imp-7.staged", ".ratchet-app-state"})
    EXPECT_TRUE(fs::exists(folder_ / other)) << other;
}

TEST_F(InPlaceDeployerTest, ARootThatSomebodyWorksInIsNotExchanged) {
  const auto plan = Plan({{"a.py", "old\n", "new a\n"}, {"b.py", "other\n", "new b\n"}});
  const pid_t child = fork();
  if (child == 0) {
    if (chdir(root_.c_str()) != 0) _exit(1);
    pause();
    _exit(0);
  }
  usleep(100'000);
  const auto result = deployer_->Deploy(plan, {});
  kill(child, SIGKILL);
  EXPECT_EQ(result.outcome, DeployOutcome::kFailedUntouched);
  EXPECT_NE(result.detail.find("works inside"), std::string::npos) << result.detail;
  EXPECT_EQ(ReadText("a.py"), "old\n");
}

TEST_F(InPlaceDeployerTest, LinksOutOfTheRootAreNotFollowed) {
  std::ofstream(folder_ / "secret.py") << "outside\n";
  fs::create_symlink(folder_ / "secret.py", root_ / "link.py");
  const auto tree = tree_.Read(component_);
  ASSERT_TRUE(tree);
  for (const auto& file : tree->files) EXPECT_NE(file.path, "link.py");
  const auto root = OpenRoot(root_.string());
  EXPECT_FALSE(OpenBeneath(*root, "link.py", O_RDONLY));
  EXPECT_FALSE(OpenBeneath(*root, "../secret.py", O_RDONLY));
  fs::create_directory_symlink(root_, folder_ / "rootlink");
  EXPECT_EQ(OpenRoot((folder_ / "rootlink").string()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(OpenRoot((folder_ / "nothing").string()).error().code, ErrorCode::kNotFound);
}

TEST_F(InPlaceDeployerTest, RehearsalChangesNothing) {
  struct stat before{}, after{};
  stat((root_ / "a.py").c_str(), &before);
  const auto tree = tree_.Read(component_)->hash;
  ASSERT_TRUE(deployer_->Rehearse(component_));
  stat((root_ / "a.py").c_str(), &after);
  EXPECT_EQ(after.st_ino, before.st_ino);
  EXPECT_EQ(tree_.Read(component_)->hash, tree);
  service_->hangs = true;
  EXPECT_FALSE(deployer_->Rehearse(component_));
}

TEST_F(InPlaceDeployerTest, AReloadCommandGetsNoneOfTheDaemonsKeys) {
  setenv("RATCHET_TEST_KEY", "hunter2", 1);
  setenv("RATCHET_TEST_PASSED", "passed on", 1);
  component_.reload = {.kind = ReloadKind::kCommand,
                       .command = {"/bin/sh", "-c", "/usr/bin/env > ../environment"},
                       .environment = {"PORT=8080", "RATCHET_TEST_PASSED", "RATCHET_TEST_UNSET"}};
  ASSERT_TRUE(deployer_->Rehearse(component_));
  std::ifstream file(folder_ / "environment");
  std::map<std::string, std::string> seen;
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find('=');
    seen[line.substr(0, equals)] = line.substr(equals + 1);
  }
  EXPECT_FALSE(seen.contains("RATCHET_TEST_KEY"));
  EXPECT_FALSE(seen.contains("RATCHET_TEST_UNSET"));
  EXPECT_EQ(seen["RATCHET_TEST_PASSED"], "passed on");
  EXPECT_EQ(seen["PORT"], "8080");
  EXPECT_EQ(seen["PATH"], std::getenv("PATH"));
  for (const char* shells_own : {"PATH", "HOME", "LANG", "PWD", "SHLVL", "OLDPWD", "_"})
    seen.erase(shells_own);
  EXPECT_EQ(seen.size(), 2U);
}

// Found when a component is registered, not when its first deployment must be taken back.
TEST_F(InPlaceDeployerTest, RehearsalFindsAProofThatNamesOtherFiles) {
  service_->prefix = "app/";
  service_->reloads = 0;
  EXPECT_NE(deployer_->Rehearse(component_).error().message.find("none of"), std::string::npos);
  service_->prefix = "";
  EXPECT_TRUE(deployer_->Rehearse(component_));
}

TEST_F(InPlaceDeployerTest, AValueThatCouldNotBeReadBeforeProvesNoDeployment) {
  component_.proof.kind = ProofKind::kChanges;
  deployer_ = std::make_unique<InPlaceDeployer>(*service_);
  service_->proofs_missed = 1;
  const auto plan = Plan();
  EXPECT_EQ(deployer_->Deploy(plan, {}).outcome, DeployOutcome::kFailedTouched);
  // A rollback may well meet a service that does not answer before its reload.
  service_->proofs_missed = 1;
  EXPECT_EQ(deployer_->RollBack(deployment::Reverse(plan)).outcome, DeployOutcome::kDone);
}

}  // namespace
}  // namespace ratchet::files
