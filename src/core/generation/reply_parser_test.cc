#include "core/generation/reply_parser.h"

#include <gtest/gtest.h>

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
  context.stop_reason = stop_reason;
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

TEST(ReplyParserTest, CrlfFilesStayCrlf) {
  const auto parsed =
      Parse("```python:a.py\nX = 1\nY = 2\n```\n", {{"a.py", "X = 0\r\nY = 2\r\n"}});
  ASSERT_EQ(parsed.verdict, ReplyVerdict::kAccept);
  EXPECT_EQ(parsed.files.at("a.py"), "X = 1\r\nY = 2\r\n");
}

TEST(ReplyParserTest, SeveralStopReasonsMeanCutOff) {
  for (const char* reason : {"length", "MAX_TOKENS", "model_context_window_exceeded"}) {
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
