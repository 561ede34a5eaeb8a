#include "app/config.h"

#include <gtest/gtest.h>

namespace ratchet {
namespace {

std::string Mistake(const std::string& text, const Environment& environment = {}) {
  const auto config = ParseConfig(text, "ratchet.toml", "/tmp", environment);
  return config ? "" : config.error().message;
}

TEST(ConfigTest, DefaultsAreTheContracts) {
  const auto config = ParseConfig("", "ratchet.toml", "/tmp", {});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->http_port, 8004);
  EXPECT_EQ(config->otlp_port, 4318);
  EXPECT_EQ(config->engine.policy.judge.degradation_threshold, 0.10);
  EXPECT_EQ(config->engine.policy.quality_min, 0.85);
  EXPECT_EQ(config->engine.limits.concurrent_max, 3);
  EXPECT_FALSE(config->engine.autonomous_improvements);
  EXPECT_EQ(config->state_dir, "/tmp/ratchet-state");
}

TEST(ConfigTest, MistakesNameFileLineKeyValueAndWhatIsAllowed) {
  EXPECT_EQ(Mistake("[cycle]\ninterval = \"24\"\n"),
            "ratchet.toml:2: cycle.interval: '24'; allowed: a duration from \"1m\" to \"365d\", "
            "e.g. \"1d\"");
  EXPECT_NE(Mistake("[http]\nport = 99999\n")
                .find("ratchet.toml:2: http.port: 99999; allowed: a whole number from 0 to 65535"),
            std::string::npos);
  EXPECT_NE(
      Mistake("[http]\nprot = 1\n").find("http.prot: there is no such key; allowed: address, port"),
      std::string::npos);
  EXPECT_NE(Mistake("profile = \"wild\"\n").find("basic, conservative, aggressive"),
            std::string::npos);
  EXPECT_NE(Mistake("[cycle]\nstart_time = \"25:00\"\n").find("cycle.start_time"),
            std::string::npos);
}

TEST(ConfigTest, AllMistakesAreSaidAtOnce) {
  const std::string text = Mistake("[http]\nport = -1\n[otlp]\nport = \"x\"\n");
  EXPECT_NE(text.find("http.port"), std::string::npos);
  EXPECT_NE(text.find("otlp.port"), std::string::npos);
}

TEST(ConfigTest, TheEnvironmentOutranksTheFile) {
  const Environment environment = {{"MAX_CONCURRENT_IMPROVEMENTS", "7"},
                                   {"ENABLE_AUTONOMOUS_IMPROVEMENTS", "true"}};
  const auto config = ParseConfig("[cycle]\nmax_concurrent = 2\n", "f", "/tmp", environment);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->engine.limits.concurrent_max, 7);
  EXPECT_TRUE(config->engine.autonomous_improvements);
  EXPECT_NE(Mistake("", {{"MAX_CONCURRENT_IMPROVEMENTS", "many"}})
                .find("environment: MAX_CONCURRENT_IMPROVEMENTS: \"many\""),
            std::string::npos);
  EXPECT_NE(Mistake("", {{"ENABLE_IMPROVEMENT_ROLLBACK", "false"}}).find("allowed: true"),
            std::string::npos);
  EXPECT_EQ(Mistake("", {{"ENABLE_IMPROVEMENT_ROLLBACK", "true"}}), "");
}

TEST(ConfigTest, AComponentNeedsAnExistingRootThatIsNoLink) {
  EXPECT_NE(
      Mistake("[[component]]\nname = \"a\"\nroot = \"/nowhere/at/all\"\n").find("does not exist"),
      std::string::npos);
  EXPECT_NE(Mistake("[[component]]\nname = \"a\"\nroot = \"/bin\"\n").find("symbolic link"),
            std::string::npos);
  EXPECT_EQ(Mistake("[[component]]\nname = \"a\"\nroot = \"/tmp\"\n"), "");
}

TEST(ConfigTest, TwoComponentsNeverShareFiles) {
  EXPECT_NE(Mistake("[[component]]\nname = \"a\"\nroot = \"/usr\"\n[[component]]\nname = "
                    "\"b\"\nroot = \"/usr/lib\"\n")
                .find("overlaps"),
            std::string::npos);
}

TEST(ConfigTest, MalformedTextIsRefusedWithItsPlace) {
  const std::pair<std::string, std::string> cases[] = {
      {"x = \n", "ratchet.toml:1:"},
      {std::string("[cycle]\n[[}\0\0x]]\n", 18), "ratchet.toml:2:"},
      {"[cycle]\ninterval = [1Ϋ\n", "ratchet.toml:2:"},
      {"[[]]\n", "ratchet.toml:1:"},
      {"[http]\nport = 1\n\nname \"x\"\n", "ratchet.toml:4:"},
      {"state_dir = \"open\n[http]\n", "ratchet.toml:1:"},
      {"state_dir = \"\xff\"\n", "ratchet.toml: not UTF-8"},
      {"profile = \"basic\"\nprofile = \"basic\"\n", "ratchet.toml:2:"},
  };
  for (const auto& [text, place] : cases)
    EXPECT_TRUE(Mistake(text).starts_with(place)) << text << " gave: " << Mistake(text);
}

// What would be ignored, or could never work, is said at once.
TEST(ConfigTest, SettingsThatContradictEachOtherAreRefused) {
  const std::string component = "[[component]]\nname = \"a\"\nroot = \"/tmp\"\n";
  const std::pair<std::string, std::string> cases[] = {
      {component + "[component.reload]\nhttp = \"http://x/r\"\ncommand = [\"r\"]\n", "http"},
      {component + "[component.reload]\nsignal = \"HUP\"\n", "without a pid_file"},
      {component + "[component.reload]\nhttp = \"x/r\"\n", "an http or https URL"},
      {component + "[component.reload]\nhttp = \"http://\"\n", "an http or https URL"},
      {component + "[component.reload]\nenvironment = [\"A=1\"]\n", "without a command"},
      {component + "[component.reload]\ncommand = [\"r\"]\nenvironment = [\"=1\"]\n", "NAME=value"},
      {component + "[component.proof]\nurl = \"http://x/v\"\n", "without a kind"},
      {component + "[component.tests]\ncommand = []\n", "a program and its arguments"},
      {component + "[component.tests]\ncommand = [\"\"]\n", "a program and its arguments"},
      {"[monitoring]\nduration = \"10s\"\ninterval = \"1m\"\n", "longer than the watch"},
      {"[monitoring]\nlooks_min = 900\n", "do not fit"},
      {"[generation.openai]\nbase_url = \"http://x\"\nmodel = \"m\"\n", "has no \"openai\""},
      {"[alerts]\nwebhook = \"httpx\"\n", "an http or https URL"},
      {"[http]\nport = 9\n[otlp]\nport = 9\n", "another port"},
      {"[telemetry]\nretention = \"2d\"\n[analysis]\nbaseline = \"3d\"\n", "telemetry.retention"},
      {"state_dir = \"/tmp\"\n" + component, "holds the root"},
      {component + "sources = [\"../x.py\"]\n", "below the root"},
      {component + "tenants = [\"t\", \"t\"]\n", "each once"},
      {"[[component]]\nname = \"a/b\"\nroot = \"/tmp\"\n", "without slashes"},
      {"[[component]]\nname = \"a\"\nroot = \"/\"\n", "the folder of the component's code"},
  };
  for (const auto& [text, said] : cases)
    EXPECT_NE(Mistake(text).find(said), std::string::npos) << text << " gave: " << Mistake(text);
}

TEST(ConfigTest, TextsMayHoldAnyLetter) {
  EXPECT_EQ(Mistake("\xEF\xBB\xBF# größe\nstate_dir = \"zustände\" # über\n[otlp]\n"
                    "default_tenant = 'ä\\'\n"),
            "");
}

TEST(ConfigTest, AnUnknownPriceIsTheDearest) {
  const auto priced = [](const std::string& url) {
    const auto config =
        ParseConfig("[generation]\norder = [\"openai\"]\n[generation.openai]\nbase_url = \"" + url +
                        "\"\nmodel = \"m\"\n",
                    "f", "/tmp", {});
    return config->openai->usd_per_million_out;
  };
  EXPECT_GT(priced("https://api.example.com/v1"), 100);
  EXPECT_EQ(priced("http://127.0.0.1:8080/v1"), 0);
}

TEST(ConfigTest, AutoNeedsTheBaselineThatItAsksFor) {
  const std::string automatic =
      "[[component]]\nname = \"a\"\nroot = \"/tmp\"\nautonomy = \"auto\"\n[component.proof]\n"
      "kind = \"changes\"\nurl = \"http://x/version\"\n";
  EXPECT_NE(Mistake("[monitoring]\nbaseline = \"2h\"\n" + automatic)
                .find("ratchet.toml:1: monitoring: baseline is 2h, and autonomy \"auto\" needs 1d"),
            std::string::npos);
  EXPECT_EQ(Mistake("[monitoring]\nbaseline = \"2h\"\nbaseline_for_auto = \"2h\"\n" + automatic),
            "");
}

TEST(ConfigTest, WithoutAProofNothingIsDeployed) {
  EXPECT_NE(Mistake("[[component]]\nname = \"a\"\nroot = \"/tmp\"\nautonomy = \"auto\"\n")
                .find("without [component.proof]"),
            std::string::npos);
}

TEST(ConfigTest, TenantsOverride) {
  const auto config = ParseConfig(
      "[tenants.careful]\nrisk_tolerance = 0.03\nmonitoring_duration = \"3h\"\nmax_concurrent = "
      "1\n",
      "f", "/tmp", {});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->engine.tenants.at(TenantId("careful")).risk_tolerance, 0.03);
  EXPECT_EQ(config->engine.limits.tenant_max.at(TenantId("careful")), 1);
}

}  // namespace
}  // namespace ratchet
