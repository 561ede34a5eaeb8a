#include "app/config.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "app/cautions.h"
#include "app/profiles.h"
#include "core/base/text.h"

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

TEST(ConfigTest, MistakesNamePlaceKeyValueAndWhatIsAllowed) {
  const std::pair<std::string, std::string> cases[] = {
      {"[cycle]\ninterval = \"24\"\n",
       "ratchet.toml:2:12: cycle.interval: \"24\"; allowed: a duration from \"1m\" to \"365d\""},
      {"[http]\nport = 99999\n",
       "ratchet.toml:2:8: http.port: 99999; allowed: a whole number from 0 to 65535"},
      {"[http]\nprot = 1\n",
       "ratchet.toml:2:8: http.prot: there is no such key; nearest: http.port"},
      {"profile = \"wild\"\n",
       "ratchet.toml:1:11: profile: \"wild\"; allowed: basic, conservative, aggressive"},
      {"[cycle]\nstart_time = \"25:00\"\n",
       "ratchet.toml:2:14: cycle.start_time: \"25:00\"; allowed: a time of day from \"00:00\" to "
       "\"23:59\""},
      {"[cycle]\nstart_time = 1979-05-27\n",
       "ratchet.toml:2:14: cycle.start_time: 1979-05-27; allowed: a time of day from \"00:00\" to "
       "\"23:59\""},
  };
  for (const auto& [text, said] : cases) EXPECT_EQ(Mistake(text), said);
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
  EXPECT_EQ(Mistake("", {{"MAX_CONCURRENT_IMPROVEMENTS", "many"}}),
            "environment MAX_CONCURRENT_IMPROVEMENTS: cycle.max_concurrent: \"many\"; allowed: a "
            "whole number from 1 to 100");
  EXPECT_NE(Mistake("", {{"ENABLE_IMPROVEMENT_ROLLBACK", "false"}}).find("allowed: true"),
            std::string::npos);
  EXPECT_EQ(Mistake("", {{"ENABLE_IMPROVEMENT_ROLLBACK", "true"}}), "");
}

// What the file may not say, the environment may not say either.
TEST(ConfigTest, TheEnvironmentPassesNoCheckBy) {
  const std::string component = "[[component]]\nname = \"a\"\nroot = \"/tmp\"\n";
  EXPECT_EQ(Mistake("", {{"MONITORING_DURATION_SECONDS", "10"}}),
            "environment MONITORING_DURATION_SECONDS: monitoring.interval: 1m is longer than the "
            "watch; allowed: at most duration (10s)");
  EXPECT_EQ(Mistake(component, {{"RATCHET_STATE_DIR", "/tmp"}}),
            "environment RATCHET_STATE_DIR: state_dir: \"/tmp\" holds the root of a; allowed: a "
            "folder of its own");
  for (const auto& [name, text] : Environment{{"IMPROVEMENT_CYCLE_INTERVAL_HOURS", "0"},
                                              {"IMPROVEMENT_CYCLE_START_TIME", "2:00"},
                                              {"MAX_CONCURRENT_IMPROVEMENTS", "0"},
                                              {"IMPROVEMENT_QUALITY_THRESHOLD", "1.01"},
                                              {"IMPROVEMENT_RISK_TOLERANCE", "-0.1"},
                                              {"MONITORING_DURATION_SECONDS", "604801"},
                                              {"ROLLBACK_DEGRADATION_THRESHOLD", "0"},
                                              {"ENABLE_SELF_BUILDING", "maybe"},
                                              {"ENABLE_AUTONOMOUS_IMPROVEMENTS", ""},
                                              {"RATCHET_STATE_DIR", ""}})
    EXPECT_TRUE(Mistake("", {{name, text}}).starts_with("environment " + name + ": ")) << name;
}

TEST(ConfigTest, PathsOfTheFileStartAtItsFolderThoseOfTheEnvironmentHere) {
  EXPECT_EQ(ParseConfig("state_dir = \"s/\"\n", "f", "/base", {})->state_dir, "/base/s");
  EXPECT_EQ(ParseConfig("", "f", "/base", {{"RATCHET_STATE_DIR", "s"}})->state_dir,
            std::filesystem::current_path().string() + "/s");
}

TEST(ConfigTest, AProfileIsOutrankedByWhatIsSaid) {
  const auto config = ParseConfig("profile = \"conservative\"\n[cycle]\nmax_concurrent = 4\n", "f",
                                  "/tmp", {{"IMPROVEMENT_RISK_TOLERANCE", "0.07"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->engine.schedule.interval, std::chrono::days(7));
  EXPECT_EQ(config->engine.limits.concurrent_max, 4);
  EXPECT_EQ(config->engine.policy.risk_max, 0.07);
  std::map<std::string, std::string> origins;
  for (const auto& row : config->rows) origins[row.path] = settings::Text(row.origin);
  EXPECT_EQ(origins["cycle.interval"], "profile conservative");
  EXPECT_EQ(origins["cycle.max_concurrent"], "f:3:18");
  EXPECT_EQ(origins["cycle.risk_max"], "environment IMPROVEMENT_RISK_TOLERANCE");
  EXPECT_EQ(origins["http.port"], "default");
}

TEST(ConfigTest, EveryProfileHoldsWhatItsSettingsAllow) {
  for (const auto& [name, same] : ProfileChoices())
    EXPECT_EQ(Mistake("profile = \"" + same + "\"\n"), "");
}

TEST(ConfigTest, TheModelsKeyIsReadAndNotShown) {
  const auto config = ParseConfig(
      "[generation]\norder = [\"openai\"]\n[generation.openai]\nbase_url = \"http://x\"\nmodel = "
      "\"m\"\napi_key_env = \"MINE\"\n",
      "f", "/tmp", {{"MINE", "s3cret"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->models.at("openai").api_key, "s3cret");
  for (const auto& row : config->rows) EXPECT_FALSE(row.value.contains("s3cret")) << row.path;
}

// A folder that is gone may come back: its component is unavailable, and the others are watched.
TEST(ConfigTest, AMissingRootStopsNothing) {
  const auto config =
      ParseConfig("[[component]]\nname = \"a\"\nroot = \"/nowhere/at/all\"\n", "f", "/tmp", {});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->engine.components.begin()->second.root, "/nowhere/at/all");
  const auto cautions = Cautions(*config);
  EXPECT_NE(Join(cautions, "\n").find("/nowhere/at/all does not exist"), std::string::npos);
}

TEST(ConfigTest, ARootIsNoLink) {
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
      {component + "[component.reload]\ncommand = []\n", "a program and its arguments"},
      {component + "language = \"cobol\"\n", "allowed: python"},
      {component + component, "a name that no other component has"},
      {"[[component]]\nname = \"a\"\n", "component[1].root: is missing"},
      {"[generation]\norder = [\"openai\"]\n", "generation.openai.model: is missing"},
      {"[generation]\norder = [\"oracle\"]\n", "allowed: recipes, openai"},
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
    return config->models.at("openai").calls.prices.usd_per_million_out;
  };
  EXPECT_GT(priced("https://api.example.com/v1"), 100);
  EXPECT_EQ(priced("http://127.0.0.1:8080/v1"), 0);
}

TEST(ConfigTest, AutoNeedsTheBaselineThatItAsksFor) {
  const std::string automatic =
      "[[component]]\nname = \"a\"\nroot = \"/tmp\"\nautonomy = \"auto\"\n[component.proof]\n"
      "kind = \"changes\"\nurl = \"http://x/version\"\n";
  EXPECT_NE(Mistake("[monitoring]\nbaseline = \"2h\"\n" + automatic)
                .find("ratchet.toml:2:12: monitoring.baseline: 2h, and autonomy \"auto\" needs 1d"),
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
