#include <gtest/gtest.h>

#include "core/settings/document.h"
#include "core/settings/nearest.h"
#include "core/settings/reader.h"

namespace ratchet::settings {
namespace {

struct Step {
  double share = 1;
  Duration duration{60'000};
};

struct Stage {
  std::string name;
  std::vector<Step> steps;
};

struct Options {
  std::vector<Stage> stages;
  int slots = 3;
  Duration every{3'600'000};
  bool on = false;
  std::string name, url, variable = "KEY", key;
  std::optional<double> price;
  std::vector<Step> steps;
  std::map<std::string, Step> named;
};

void DeclareStep(Schema& schema, Step& step) {
  schema.Number("share", step.share, {0.01, 1}, "Of the requests.").Required();
  schema.Period("duration", step.duration, {Duration(1000), Duration(3'600'000)}, "How long.");
}

void DeclareStage(Schema& schema, Stage& stage) {
  schema.Text("name", stage.name, "Its name.");
  schema.Tables("step", stage.steps, DeclareStep, "Of the stage.");
}

void Declare(Schema& schema, Options& options) {
  schema.Integer("work.slots", options.slots, {1, 10}, "At one time.").From("SLOTS");
  schema.Period("work.every", options.every, {Duration(60'000), Duration(86'400'000)}, "Between.")
      .From("EVERY_HOURS", Unit::kHours);
  schema.Flag("work.on", options.on, "At all.").From("ON");
  schema.Text("work.url", options.url, "Told.", kUrl).Secret();
  schema.Number("work.price", options.price, {0, 9}, "Paid.").Default("dearest known");
  schema.SecretIn("work.key_env", options.variable, options.key, "The key's variable.");
  schema.Fixed("BRAKES", true, "there is no way without them");
  schema.Tables("step", options.steps, DeclareStep, "One after the other.");
  schema.Tables("stage", options.stages, DeclareStage, "With steps.");
  schema.Named("by", options.named, DeclareStep, "Each its own.");
}

Value At(decltype(Value::data) data, int line, std::string written = "w") {
  return {std::move(data), std::move(written), {Source::kFile, "f", line, 1}};
}

Value TableOf(Value::Table table, int line = 0) { return At(std::move(table), line); }

struct Outcome {
  Options options;
  std::vector<Row> rows;
  std::string told;
};

Outcome ReadAll(Value::Table file, Environment environment, Value::Table profile = {}) {
  Outcome outcome;
  Schema schema;
  Declare(schema, outcome.options);
  Mistakes mistakes("f");
  outcome.rows = Read({std::move(profile), TableOf(std::move(file)), std::move(environment)},
                      schema, mistakes);
  if (const auto told = mistakes.Told(); !told) outcome.told = told.error().message;
  return outcome;
}

Value::Table Work(const std::string& key, Value value) {
  return {{"work", TableOf({{key, std::move(value)}}, 1)}};
}

TEST(SettingsTest, TheHighestSourceCountsAndIsNamed) {
  const Value::Table profile = {{"work.slots", {std::int64_t{2}, "2", {Source::kProfile, "calm"}}}};
  const Value::Table file = Work("slots", At(std::int64_t{4}, 2));
  EXPECT_EQ(ReadAll({}, {}).options.slots, 3);
  EXPECT_EQ(ReadAll({}, {}, profile).options.slots, 2);
  EXPECT_EQ(Text(ReadAll({}, {}, profile).rows[0].origin), "profile calm");
  EXPECT_EQ(ReadAll(file, {}, profile).options.slots, 4);
  EXPECT_EQ(Text(ReadAll(file, {}, profile).rows[0].origin), "f:2:1");
  EXPECT_EQ(ReadAll(file, {{"SLOTS", "5"}}, profile).options.slots, 5);
  EXPECT_EQ(Text(ReadAll(file, {{"SLOTS", "5"}}, profile).rows[0].origin), "environment SLOTS");
}

TEST(SettingsTest, OneRuleForAllSources) {
  const std::string rule = "allowed: a whole number from 1 to 10";
  EXPECT_EQ(ReadAll(Work("slots", At(std::int64_t{11}, 2, "11")), {}).told,
            "f:2:1: work.slots: 11; " + rule);
  EXPECT_EQ(ReadAll({}, {{"SLOTS", "11"}}).told, "environment SLOTS: work.slots: \"11\"; " + rule);
  for (const char* text : {"", "many", "1.5", "1e0", " 1", "0x1", "99999999999999999999"})
    EXPECT_TRUE(ReadAll({}, {{"SLOTS", text}}).told.ends_with(rule)) << text;
}

TEST(SettingsTest, AVariableMayCountHours) {
  EXPECT_EQ(ReadAll({}, {{"EVERY_HOURS", "1.5"}}).options.every, Duration(5'400'000));
  for (const char* text : {"0", "25", "24h", "1e300", "nan", "inf", "-1", ""})
    EXPECT_EQ(ReadAll({}, {{"EVERY_HOURS", text}}).told,
              "environment EVERY_HOURS: work.every: \"" + std::string(text) +
                  "\"; allowed: a duration from \"1m\" to \"1d\", in hours");
}

TEST(SettingsTest, WhatDoesNotCountIsCheckedToo) {
  const auto outcome = ReadAll(Work("slots", At(std::string("x"), 2)), {{"SLOTS", "5"}});
  EXPECT_EQ(outcome.options.slots, 5);
  EXPECT_TRUE(outcome.told.starts_with("f:2:1: work.slots"));
}

TEST(SettingsTest, AllMistakesInTheOrderOfTheirPlaces) {
  Value::Table work = {{"on", At(std::int64_t{1}, 9)}, {"slots", At(std::int64_t{0}, 3)}};
  const std::string told =
      ReadAll({{"work", TableOf(work)}, {"stray", At(true, 5)}}, {{"BRAKES", "false"}}).told;
  const size_t slots = told.find("f:3:1"), stray = told.find("f:5:1"), on = told.find("f:9:1"),
               brakes = told.find("environment BRAKES: \"false\"; allowed: true");
  EXPECT_LT(slots, stray);
  EXPECT_LT(stray, on);
  EXPECT_LT(on, brakes);
  EXPECT_NE(brakes, std::string::npos);
}

TEST(SettingsTest, AnUnknownKeyNamesTheNearest) {
  EXPECT_EQ(ReadAll(Work("slot", At(std::int64_t{1}, 4)), {}).told,
            "f:4:1: work.slot: there is no such key; nearest: work.slots");
  EXPECT_EQ(ReadAll({{"slots", At(std::int64_t{1}, 4)}}, {}).told,
            "f:4:1: slots: there is no such key; nearest: work.slots");
  EXPECT_EQ(ReadAll({{"wrok", TableOf({}, 4)}}, {}).told,
            "f:4:1: wrok: there is no such key; nearest: work");
  EXPECT_TRUE(ReadAll({{"work.slots", At(std::int64_t{1}, 4)}}, {}).told.contains("no such key"));
  EXPECT_EQ(ReadAll({{"work", At(true, 4, "true")}}, {}).told,
            "f:4:1: work: true; allowed: a table");
}

TEST(SettingsTest, TablesAreReadInOrderAndNameThemselves) {
  const Value first = TableOf({{"share", At(0.1, 2)}}, 1), second = TableOf({}, 3);
  const auto outcome = ReadAll({{"step", At(Value::List{first, second}, 1)}}, {});
  ASSERT_EQ(outcome.options.steps.size(), 2U);
  EXPECT_EQ(outcome.options.steps[0].share, 0.1);
  EXPECT_EQ(outcome.told, "f:3:1: step[2].share: is missing; allowed: a number from 0.01 to 1");
  const Value stage = TableOf({{"step", At(Value::List{first, first, second}, 5)}});
  const auto nested = ReadAll({{"stage", At(Value::List{TableOf({}), stage}, 1)}}, {});
  ASSERT_EQ(nested.options.stages.size(), 2U);
  EXPECT_EQ(nested.options.stages[1].steps.size(), 3U);
  EXPECT_TRUE(nested.told.starts_with("f:3:1: stage[2].step[3].share: is missing"));
  const auto named = ReadAll({{"by", TableOf({{"a.b", first}})}}, {});
  EXPECT_EQ(named.options.named.at("a.b").share, 0.1);
  EXPECT_EQ(named.told, "");
}

TEST(SettingsTest, SecretsAreInNoMessageAndNoRow) {
  const std::string secret = "http://hook/s3cret";
  const auto good = ReadAll(Work("url", At(secret, 2, secret)), {{"KEY", "s3cret"}});
  EXPECT_EQ(good.options.url, secret);
  EXPECT_EQ(good.options.key, "s3cret");
  for (const Row& row : good.rows) EXPECT_FALSE(row.value.contains("s3cret")) << row.path;
  EXPECT_EQ(ReadAll(Work("url", At("s3cret", 2, "s3cret")), {}).told,
            "f:2:1: work.url: (secret); allowed: an http or https URL");
}

TEST(SettingsTest, ContradictionsNameThePlaceThatSomebodyWrote) {
  Mistakes mistakes("f");
  mistakes.Note("b", {Source::kEnvironment, "B"});
  mistakes.Contradict({"a", "b"}, "1 is more than b", "less");
  EXPECT_EQ(mistakes.Told().error().message, "environment B: a: 1 is more than b; allowed: less");
  mistakes.Refuse({}, "c", "x", "y");
  mistakes.Contradict({"a", "c"}, "of what was not meant", "less");
  EXPECT_FALSE(mistakes.Told().error().message.contains("not meant"));
}

TEST(SettingsTest, TheDocumentHasEverySettingOnce) {
  Options options;
  Schema schema;
  Declare(schema, options);
  const std::string page = Document(schema);
  for (const char* line :
       {"### `[work]`\n", "### `[[step]]`\n", "### `[by.NAME]`\n",
        "| `slots` (`SLOTS`) | `3` | a whole number from 1 to 10 | At one time. |\n",
        "| `share` | required |", "| `price` | dearest known |", "| `BRAKES` | `true` |"})
    EXPECT_TRUE(page.contains(line)) << line << page;
}

TEST(SettingsTest, NearIsFewLettersAway) {
  const std::vector<std::string> known = {"http.port", "http.address", "otlp.port"};
  EXPECT_EQ(NearestName("http.prot", known), "http.port");
  EXPECT_EQ(NearestName("otlp.adress", known), "http.address");
  EXPECT_EQ(NearestName(std::string(1'000'000, 'x'), known), "http.port");
  EXPECT_EQ(NearestName("x", {}), "");
}

}  // namespace
}  // namespace ratchet::settings
