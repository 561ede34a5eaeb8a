#include "core/generation/reply_parser.h"

#include <gtest/gtest.h>

#include <array>

#include "core/generation/stop_reason.h"

namespace ratchet::generation {
namespace {

const std::string kOld =
    "def total(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s\n";
const std::string kNew = "def total(xs):\n    return sum(xs)\n";

ParsedReply Parse(const std::string& reply,
                  std::map<std::string, std::string> existing = {{"svc/total.py", kOld}},
                  const std::string& stop_reason = "stop") {
  ReplyContext context;
  for (const auto& [path, text] : existing) context.targets.push_back(path);
  context.existing = std::move(existing);
  context.stop = ReadStopReason(stop_reason);
  return ParseReply(reply, context);
}

struct Accepted {
  const char* name;
  std::string reply;
};
class AcceptedReplyTest : public ::testing::TestWithParam<Accepted> {};
TEST_P(AcceptedReplyTest, GivesTheFile) {
  const auto parsed = Parse(GetParam().reply);
  ASSERT_EQ(parsed.verdict, ReplyVerdict::kAccept) << parsed.detail;
  EXPECT_EQ(parsed.files.at("svc/total.py"), kNew);
}
INSTANTIATE_TEST_SUITE_P(
    Reply, AcceptedReplyTest,
    ::testing::Values(
        Accepted{"attribute", "```python title=\"svc/total.py\"\n" + kNew + "```\n"},
        Accepted{"bold label", "**svc/total.py**\n```python\n" + kNew + "```\n"},
        Accepted{"File: label", "File: `svc/total.py`\n\n```py\n" + kNew + "```\n"},
        Accepted{"numbered sentence", "1. Change `svc/total.py`:\n```python\n" + kNew + "```\n"},
        Accepted{"suffix", "```python:total.py\n" + kNew + "```\n"},
        Accepted{"tildes", "~~~python:svc/total.py\n" + kNew + "~~~\n"},
        Accepted{
            "indented fence",
            "- this:\n  ```python:svc/total.py\n  def total(xs):\n      return sum(xs)\n  ```\n"},
        Accepted{"trailing blanks", "```python:svc/total.py\n" + kNew + "\n\n```\n"},
        Accepted{"fenced envelope",
                 "Here:\n```json\n{\"files\":[{\"path\":\"svc/total.py\",\"content\":\"def "
                 "total(xs):\\n    return sum(xs)\\n\"}]}\n```\n"},
        Accepted{"search with path inside",
                 "```python\nsvc/total.py\n<<<<<<< SEARCH\n    s = 0\n    for x in xs:\n        s "
                 "+= x\n    return s\n=======\n    return sum(xs)\n>>>>>>> REPLACE\n```\n"},
        Accepted{
            "patch",
            "*** Begin Patch\n*** Update File: svc/total.py\n@@\n def total(xs):\n-    s = 0\n-    "
            "for x in xs:\n-        s += x\n-    return s\n+    return sum(xs)\n*** End Patch\n"},
        Accepted{
            "diff without its file names",
            "`svc/total.py`:\n```diff\n@@ -1,5 +1,2 @@\n def total(xs):\n-    s = 0\n-    for x "
            "in xs:\n-        s += x\n-    return s\n+    return sum(xs)\n```\n"},
        Accepted{"search in a fence that says diff",
                 "`svc/total.py`:\n```diff\n<<<<<<< SEARCH\n    s = 0\n    for x in xs:\n        s "
                 "+= x\n    return s\n=======\n    return sum(xs)\n>>>>>>> REPLACE\n```\n"},
        Accepted{"a closing tag in a sentence",
                 "```python:svc/total.py\n" + kNew + "```\nThe file does not use </think>\n"},
        Accepted{"a command under the file's name",
                 "```python:svc/total.py\n" + kNew +
                     "```\nCheck it with `svc/total.py`:\n```bash\npython svc/total.py\n```\n"},
        Accepted{"a draft without its opening tag",
                 "First I thought:\n```python:svc/total.py\nX = 1\n```\n</think>\n"
                 "```python:svc/total.py\n" +
                     kNew + "```\n"},
        Accepted{"words that a slash joins", "Before/After:\n```python\n" + kNew + "```\n"},
        Accepted{"diff without a fence",
                 "--- a/svc/total.py\n+++ b/svc/total.py\n@@ -1,5 +1,2 @@\n def total(xs):\n-    s "
                 "= 0\n-    for x in xs:\n-        s += x\n-    return s\n+    return sum(xs)\n"}));

struct Refused {
  const char* name;
  std::string reply;
  const char* error;
};
class RefusedReplyTest : public ::testing::TestWithParam<Refused> {};
TEST_P(RefusedReplyTest, AppliesNothingAndNamesTheError) {
  const auto parsed = Parse(GetParam().reply);
  EXPECT_NE(parsed.verdict, ReplyVerdict::kAccept);
  EXPECT_TRUE(parsed.files.empty());
  ASSERT_FALSE(parsed.errors.empty());
  EXPECT_EQ(parsed.errors.front(), GetParam().error) << parsed.detail;
}
INSTANTIATE_TEST_SUITE_P(
    Reply, RefusedReplyTest,
    ::testing::Values(
        Refused{"windows path", "```python:C:\\x.py\nX=1\n```\n", "path_unsafe"},
        Refused{"deep traversal", "```python:../../etc/x\nX=1\n```\n", "path_unsafe"},
        Refused{"unknown file", "```python:svc/other.py\nX=1\n```\n", "path_not_allowed"},
        Refused{"delete by patch",
                "*** Begin Patch\n*** Delete File: svc/total.py\n*** End Patch\n",
                "delete_not_allowed"},
        Refused{"no end of block",
                "svc/total.py\n```\n<<<<<<< SEARCH\n    s = 0\n=======\n    s = 1\n```\n",
                "block_malformed"},
        Refused{"what a program printed", "The result of `svc/total.py`:\n```text\n42\n```\n",
                "no_edit"},
        Refused{"a draft that is taken back",
                "```python:svc/total.py\nX = 1\n```\n</think>\nI cannot improve this.\n",
                "no_edit"},
        Refused{"diff without a hunk", "`svc/total.py`:\n```diff\n-    s = 0\n+    s = 1\n```\n",
                "diff_malformed"},
        Refused{"an ellipsis with a remark",
                "```python:svc/total.py\ndef total(xs):\n    ...  # rest of the function "
                "unchanged\n```\n",
                "content_elided"},
        Refused{"pass with a remark",
                "```python:svc/total.py\ndef total(xs):\n    pass  # ... existing code ...\n```\n",
                "content_elided"},
        Refused{"only a shell block", "```bash\nrm -rf /\n```\n", "no_edit"},
        Refused{"cut reasoning", "<think>\nI will\n```python:svc/total.py\nX\n```\n", "no_edit"},
        Refused{"python with a fence in its docstring",
                "```python:svc/total.py\ndef total(xs):\n    \"\"\"Sum.\n```\nls\n```\n    "
                "\"\"\"\n```\n",
                "fence_ambiguous"}));

// What else a reply may say with two files in play: total.py and util.py may change, tests/** may
// be added.
struct Outcome {
  const char* name;
  std::string reply;
  const char* error;  // "" when accepted
  std::map<std::string, std::string> files = {};
};
void Expect(const Outcome& outcome, const ReplyContext& context) {
  SCOPED_TRACE(outcome.name);
  const auto parsed = ParseReply(outcome.reply, context);
  EXPECT_EQ(parsed.errors.empty() ? "" : parsed.errors.front(), outcome.error) << parsed.detail;
  EXPECT_EQ(parsed.files, outcome.files);
}
ReplyContext TwoTargets() {
  return {.existing = {{"svc/total.py", kOld}, {"svc/util.py", "X = 0\n"}},
          .targets = {"svc/total.py", "svc/util.py"},
          .allow_new = {"tests/**"},
          .protected_existing = {}};
}
ReplyContext OneTarget(const std::string& path, const std::string& text) {
  return {.existing = {{path, text}},
          .targets = {path},
          .allow_new = {"tests/**"},
          .protected_existing = {}};
}
std::string Fence(const std::string& info, const std::string& text) {
  return "```" + info + "\n" + text + "```\n";
}
std::string Edit(const std::string& before, const std::string& after) {
  return "<<<<<<< SEARCH\n" + before + "=======\n" + after + ">>>>>>> REPLACE\n";
}

TEST(ReplyParserTest, ANameOfAnotherFileIsNeverOverwrittenOnTheTarget) {
  const std::string x = Fence("python", "X = 1\n");
  const Outcome outcomes[] = {
      {"prefix", "File: svc/other.py\n" + x, "path_not_allowed"},
      {"heading", "### File: `/etc/passwd`\n" + x, "path_unsafe"},
      {"numbered", "1. ../../x.py\n" + x, "path_unsafe"},
      {"remark", "- `svc/other.py` (new)\n" + x, "path_not_allowed"},
      {"sentence", "Create `svc/other.py`:\n" + x, "path_not_allowed"},
      {"comment", Fence("python", "# svc/other.py\nX = 1\n"), "path_not_allowed"},
      {"new file", "Add `tests/t.py`:\n" + x, "", {{"tests/t.py", "X = 1\n"}}},
      {"new file beside",
       Fence("py:svc/total.py", kNew) + "File: `tests/t.py`\n" + x,
       "",
       {{"svc/total.py", kNew}, {"tests/t.py", "X = 1\n"}}},
      {"a name in prose",
       "With `asyncio.gather`, for `/api/orders`:\n" + x,
       "",
       {{"svc/total.py", "X = 1\n"}}},
      {"a shorter path", Fence("python:billing/main.py", "X = 1\n"), "path_not_allowed"},
      {"slashes", Fence("python://etc/passwd", "X = 1\n"), "path_unsafe"}};
  for (const Outcome& outcome : outcomes) Expect(outcome, OneTarget("svc/total.py", kOld));
  Expect({"a root file", Fence("python:billing/main.py", "X = 1\n"), "path_not_allowed"},
         OneTarget("main.py", "X = 0\n"));
}

TEST(ReplyParserTest, NamesAreReadInManySpellings) {
  for (const std::string line :
       {";; svc/total.py", "/// svc/total.py", "## svc/total.py", "/** svc/total.py */",
        "{# svc/total.py #}", "{/* svc/total.py */}", "(* svc/total.py *)",
        "# FILE: `svc/total.py`"}) {
    Expect({line.c_str(), Fence("x", line + "\n" + kNew), "", {{"svc/total.py", kNew}}},
           TwoTargets());
  }
  for (const std::string info : {"python svc/total.py showLineNumbers", "python {1,3} svc/total.py",
                                 "python:\"svc/total.py\"", "python file=svc/total.py"}) {
    Expect({info.c_str(), Fence(info, kNew), "", {{"svc/total.py", kNew}}}, TwoTargets());
  }
  Expect({"basename", "File: total.py\n" + Fence("python", kNew), "", {{"svc/total.py", kNew}}},
         TwoTargets());
  Expect({"a title is no name",
          "svc/total.py\n" + Fence("python title=\"Fixed version\"", kNew),
          "",
          {{"svc/total.py", kNew}}},
         TwoTargets());
  Expect({"C is a language", Fence("c:src/a.c", "x\n"), "", {{"src/a.c", "x\n"}}},
         OneTarget("src/a.c", "y\n"));
}

TEST(ReplyParserTest, ALonePathWaitsForItsFile) {
  const std::string lone = Fence("", "svc/total.py\n"), shell = Fence("bash", "pytest -q\n");
  Expect({"past a command", lone + shell + Fence("python", kNew), "", {{"svc/total.py", kNew}}},
         TwoTargets());
  Expect({"never a command", lone + shell, "no_edit"}, TwoTargets());
  Expect({"a name of its own",
          Fence("text:conf/list.txt", "conf/list.txt\n"),
          "",
          {{"conf/list.txt", "conf/list.txt\n"}}},
         OneTarget("conf/list.txt", "x\n"));
  Expect({"a sentence before a command",
          Fence("python:svc/total.py", kNew) + "Install from `requirements.txt`:\n" +
              Fence("bash", "pip install -r requirements.txt\n"),
          "",
          {{"svc/total.py", kNew}}},
         TwoTargets());
}

TEST(ReplyParserTest, FencesInFencesAreUnwrappedOrRefused) {
  const std::string tagged = Fence("python:svc/total.py", kNew);
  const std::string labelled = "svc/total.py\n" + Fence("python", kNew);
  const std::map<std::string, std::string> done = {{"svc/total.py", kNew}};
  const Outcome outcomes[] = {
      {"tildes", "~~~\n" + tagged + "~~~\n", "", done},
      {"then a command", "````\n" + tagged + "````\n" + Fence("bash", "pytest\n"), "", done},
      {"labels inside", "````markdown\n" + labelled + "````\n", "", done},
      {"two wrappers", "`````\n````\n" + tagged + "````\n`````\n", "fence_ambiguous"},
      {"no name", "````\n" + Fence("python", kNew) + "````\n", "fence_ambiguous"},
      {"a swallowed opener",
       "```python:svc/total.py\n" + kNew + Fence("python:tests/t.py", "X = 1\n"), "fence_unclosed"},
      {"then output", tagged + "Output:\n" + Fence("", "2 passed\n"), "", done}};
  for (const Outcome& outcome : outcomes) Expect(outcome, OneTarget("svc/total.py", kOld));
  const std::string inner = "```\nls\n```\n";
  for (const auto& [path, head, tail] :
       std::vector<std::array<std::string, 3>>{{"a.txt", "T\n", "end\n"},
                                               {"a.html", "<pre>\n", "</pre>\n"},
                                               {"a.yaml", "b: |\n", "c: 2\n"},
                                               {"a.js", "const md = `\n", "`;\n"},
                                               {"a.go", "var md = `\n", "`\n"}}) {
    Expect({path.c_str(), Fence("x:" + path, head + inner + tail), "fence_ambiguous"},
           OneTarget(path, "x\n"));
  }
}

TEST(ReplyParserTest, SearchBlocksLoseNoLines) {
  const std::string edit = Edit("    s = 0\n", "    s = 1\n");
  const std::string grown = Edit("X = 0\n", "X = 0\nY = 0\n");
  const Outcome outcomes[] = {
      {"an orphan end", Fence("py:svc/total.py", "s = 0\n=======\ns = 1\n>>>>>>> REPLACE\n"),
       "block_malformed"},
      {"a second end", Fence("py:svc/total.py", edit + ">>>>>>> REPLACE\n"), "block_malformed"},
      {"a path on the marker",
       Fence("py:svc/total.py", "<<<<<<< SEARCH x.py\na\n=======\nb\n>>>>>>> REPLACE\n"),
       "block_malformed"},
      {"code before", Fence("py:svc/total.py", "import math\n" + edit), "block_malformed"},
      {"code after", Fence("py:svc/total.py", edit + "import math\n"), "block_malformed"},
      {"a merge conflict",
       Fence("py:svc/total.py", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> branch\n"),
       "block_malformed"},
      {"two files in a fence",
       Fence("python", "tests/a.py\n" + Edit("", "A = 1\n") + "svc/util.py\n" + grown),
       "",
       {{"tests/a.py", "A = 1\n"}, {"svc/util.py", "X = 0\nY = 0\n"}}},
      {"the same twice",
       Fence("py:svc/util.py", grown) + Fence("py:svc/util.py", grown),
       "",
       {{"svc/util.py", "X = 0\nY = 0\n"}}}};
  for (const Outcome& outcome : outcomes) Expect(outcome, TwoTargets());
  Expect({"an underline is no divider",
          Fence("rst:a.rst", Edit("Title\n=====\n", "Heading\n=====\n")),
          "",
          {{"a.rst", "Heading\n=====\n"}}},
         OneTarget("a.rst", "Title\n=====\n"));
}

TEST(ReplyParserTest, HunksGoWhereTheirNumbersSay) {
  const std::string head = "--- a/a.txt\n+++ b/a.txt\n";
  const Outcome outcomes[] = {
      {"after line 1", "@@ -1,0 +2,1 @@\n+n\n", "", {{"a.txt", "A\nn\nB\nX\nX\n"}}},
      {"at the end", "@@ -4,0 +5,1 @@\n+n\n", "", {{"a.txt", "A\nB\nX\nX\nn\n"}}},
      {"at the start", "@@ -0,0 +1,1 @@\n+n\n", "", {{"a.txt", "n\nA\nB\nX\nX\n"}}},
      {"after growth",
       "@@ -1,1 +1,2 @@\n-A\n+1\n+2\n@@ -4,1 +5,1 @@\n-X\n+Y\n",
       "",
       {{"a.txt", "1\n2\nB\nX\nY\n"}}},
      {"after shrinking",
       "@@ -1,2 +1,1 @@\n-A\n-B\n+1\n@@ -3,1 +2,1 @@\n-X\n+Y\n",
       "",
       {{"a.txt", "1\nY\nX\n"}}}};
  for (Outcome outcome : outcomes) {
    outcome.reply = Fence("diff", head + outcome.reply);
    Expect(outcome, OneTarget("a.txt", "A\nB\nX\nX\n"));
  }
  const std::string hunk = "@@ -0,0 +1,1 @@\n+n\n";
  Expect({"new, but it exists", Fence("diff", "--- /dev/null\n+++ b/a.txt\n" + hunk),
          "empty_search_on_existing"},
         OneTarget("a.txt", "A\n"));
  Expect(
      {"a cut patch", "*** Begin Patch\n*** Update File: a.txt\n@@\n-A\n+B\n", "block_malformed"},
      OneTarget("a.txt", "A\n"));
  Expect({"an added file that exists", "*** Begin Patch\n*** Add File: a.txt\n+B\n*** End Patch\n",
          "empty_search_on_existing"},
         OneTarget("a.txt", "A\n"));
}

TEST(ReplyParserTest, AnEnvelopeIsKnownByItsContent) {
  const std::string envelope =
      "{\"files\": [{\"path\": \"svc/util.py\", \"content\": \"X\\r\\n\"}]}\n";
  const std::map<std::string, std::string> done = {{"svc/util.py", "X\n"}};
  const Outcome outcomes[] = {
      {"bare fence", Fence("", envelope), "", done},
      {"below a label", "svc/util.py\n" + Fence("json", envelope), "", done},
      {"behind reasoning", "<think>{\"files\":[]}</think>\n" + envelope, "", done},
      {"beside a file",
       Fence("json", envelope) + Fence("py:svc/total.py", kNew),
       "",
       {{"svc/util.py", "X\n"}, {"svc/total.py", kNew}}}};
  for (const Outcome& outcome : outcomes) Expect(outcome, TwoTargets());
  EXPECT_EQ(ParseReply(envelope, TwoTargets()).warnings,
            (std::vector<std::string>{"json_envelope", "eol_normalised"}));
}

TEST(ReplyParserTest, PlaceholdersAreToldFromComments) {
  for (const std::string line :
       {"... rest of the code unchanged ...", "{/* existing code */}",
        "# remaining methods unchanged", "// other methods stay the same",
        "# implementation unchanged", "# ... [truncated] ...",
        "{# ... rest of the template unchanged ... #}", "# Rest remains the same",
        "// ... existing order handlers", "return x  # ... rest of the function ..."}) {
    EXPECT_EQ(Parse("```python:svc/total.py\n" + line + "\n```\n").errors,
              std::vector<std::string>{"content_elided"})
        << line;
  }
  for (const std::string line :
       {"[...existing, item]", "(...rest) => f(rest)", "[\"loading...\", \"keep\"],",
        "#define LOG(...) original_log(__VA_ARGS__)", "# Retry with the same key... then give up",
        "# look up the existing code of the currency", "# Other methods", "// Same as above",
        "# the result is the same as before the migration"}) {
    EXPECT_TRUE(Parse("```python:svc/total.py\n" + line + "\n```\n").errors.empty()) << line;
  }
  EXPECT_TRUE(
      Parse("````md:a.md\n# Existing code\n````\n", {{"a.md", "# Title\n"}}).errors.empty());
}

TEST(ReplyParserTest, LostDefinitionsAreSeenInManyLanguages) {
  for (const std::string definition :
       {"class NAME:\n    pass\n", "    def NAME(self):\n        pass\n",
        "export const NAME = () => {\n};\n", "func (t *T) NAME() int {\n}\n",
        "export default async function NAME() {\n}\n", "export abstract class NAME {\n}\n",
        "int NAME(int x) {\n}\n"}) {
    std::string before;
    for (const std::string name :
         {"abc", "get", "put", "sum", "add", "cut", "mix", "fit", "run", "log"}) {
      std::string text = definition;
      before += text.replace(text.find("NAME"), 4, name);
    }
    const std::string after = "```x:a.x\nx = 1\n```\n";
    EXPECT_EQ(Parse("Together it is faster.\n" + after, {{"a.x", before}}).errors,
              std::vector<std::string>{"suspicious_shrink"})
        << definition;
    EXPECT_TRUE(Parse("I drop abc get put sum add cut mix fit run.\n" + after, {{"a.x", before}})
                    .errors.empty())
        << definition;
  }
  EXPECT_EQ(Parse("```python:svc/total.py\n```\n").errors.front(), "suspicious_shrink");
}

TEST(ReplyParserTest, DraftsInAnyTagsAreNotApplied) {
  const std::string draft = Fence("python:svc/util.py", "X = 1\n");
  const std::string answer = Fence("python:svc/total.py", kNew);
  const std::map<std::string, std::string> done = {{"svc/total.py", kNew}};
  const Outcome outcomes[] = {
      {"capitals", "<Think>\n" + draft + "</Think>\n" + answer, "", done},
      {"brackets", "[THINK]\n" + draft + "[/THINK]\n" + answer, "", done},
      {"thought", "<thought>\n" + draft + "</thought>\n" + answer, "", done},
      {"analysis", "<analysis>\n" + draft + "</analysis>\n" + answer, "", done},
      {"nested", "<think>\n<think>\na\n</think>\n" + draft + "</think>\n" + answer, "", done},
      {"behind a word", "So <think>\n" + draft + "</think>\n" + answer, "", done},
      {"an open fence", "Draft:\n```python:svc/util.py\nX = 1\n</think>\n" + answer,
       "fence_unclosed"}};
  for (const Outcome& outcome : outcomes) Expect(outcome, TwoTargets());
}

TEST(ReplyParserTest, ANulIsNoText) {
  EXPECT_EQ(Parse(std::string("```python:svc/total.py\nX = '") + '\0' + "'\n```\n").errors.front(),
            "encoding_invalid");
}

TEST(ReplyParserTest, DuplicatesMayDifferInFinalNewlines) {
  const auto parsed =
      Parse(Fence("python:svc/total.py", kNew) + Fence("python:svc/total.py", kNew + "\n\n"));
  EXPECT_EQ(parsed.warnings, std::vector<std::string>{"duplicate_identical"});
  EXPECT_EQ(parsed.files.at("svc/total.py"), kNew);
}

TEST(ReplyParserTest, CommandsInAnyShellAreNoFiles) {
  for (const std::string shell : {"cmd", "bat", "batch", "ps1", "pwsh", "fish", "ksh",
                                  "bash-session", "shellsession", "sh-session", "pycon"}) {
    const auto parsed = Parse(Fence(shell, "pytest -q\n") + Fence("python", kNew));
    EXPECT_TRUE(parsed.errors.empty()) << shell;
  }
}

TEST(ReplyParserTest, CrlfFilesStayCrlf) {
  const auto parsed =
      Parse("```python:a.py\nX = 1\nY = 2\n```\n", {{"a.py", "X = 0\r\nY = 2\r\n"}});
  ASSERT_EQ(parsed.verdict, ReplyVerdict::kAccept);
  EXPECT_EQ(parsed.files.at("a.py"), "X = 1\r\nY = 2\r\n");
}

TEST(ReplyParserTest, SeveralStopReasonsMeanCutOff) {
  for (const char* reason :
       {"length", "MAX_TOKENS", "model_context_window_exceeded", "pause_turn", "error", "OTHER",
        "MALFORMED_FUNCTION_CALL", "FinishReason.MAX_TOKENS"}) {
    EXPECT_EQ(
        Parse("```python:svc/total.py\nX\n```\n", {{"svc/total.py", kOld}}, reason).errors.front(),
        "response_truncated");
  }
}

TEST(ReplyParserTest, ARemarkThatTheFileAlreadyHadIsNoElision) {
  const std::string old = "# ... existing rules ...\nX = 0\n";
  EXPECT_EQ(
      Parse("```python:a.py\n# ... existing rules ...\nX = 1\n```\n", {{"a.py", old}}).verdict,
      ReplyVerdict::kAccept);
}

TEST(ReplyParserTest, TwoNamelessBlocksAreNotGuessed) {
  const auto parsed = Parse("```python\nX = 1\n```\n```python\nY = 1\n```\n");
  EXPECT_EQ(parsed.verdict, ReplyVerdict::kRetry);
  EXPECT_EQ(parsed.errors.front(), "path_missing");
}

}  // namespace
}  // namespace ratchet::generation
