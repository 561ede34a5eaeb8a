#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/hash.h"
#include "core/generation/reply_parser.h"
#include "core/generation/stop_reason.h"
#include "tests/eval/commands.h"

namespace ratchet::eval {
namespace {

using Json = nlohmann::json;
using generation::ReplyVerdict;

const char* Name(ReplyVerdict verdict) {
  switch (verdict) {
    case ReplyVerdict::kAccept:
      return "accept";
    case ReplyVerdict::kReject:
      return "reject";
    case ReplyVerdict::kRetry:
      return "retry";
  }
  return "";
}

// "" when decided as expected, else what was said.
std::string Judge(const Json& c) {
  generation::ReplyContext context;
  context.existing = c.at("existing_files").get<std::map<std::string, std::string>>();
  context.targets = c.at("targets").get<std::vector<std::string>>();
  context.stop = generation::ReadStopReason(c.value("stop_reason", ""));
  std::string reply = c.value("response", "");
  if (c.contains("options")) {
    const Json& options = c["options"];
    context.allow_new = options.value("allow_new", std::vector<std::string>{});
    context.protected_existing = options.value("protected_existing", std::vector<std::string>{});
    if (options.contains("response_hex"))
      reply = HexDecode(options["response_hex"].get<std::string>());
  }
  const auto parsed = generation::ParseReply(reply, context);
  const Json& expect = c.at("expect");
  const std::string said = fmt::format("{} errors={} warnings={}", Name(parsed.verdict),
                                       Json(parsed.errors).dump(), Json(parsed.warnings).dump());
  if (expect.at("verdict") != Name(parsed.verdict)) return said;
  if (expect.at("errors").get<std::vector<std::string>>() != parsed.errors) return said;
  for (const Json& warning : expect.at("warnings")) {
    if (std::ranges::find(parsed.warnings, warning.get<std::string>()) == parsed.warnings.end())
      return said;
  }
  const bool accept = parsed.verdict == ReplyVerdict::kAccept;
  if (accept && expect.at("files").get<std::map<std::string, std::string>>() != parsed.files) {
    return said + " files=" + Json(parsed.files).dump();
  }
  return "";
}

}  // namespace

int Replies(const Options& options) {
  std::ifstream file(options.cases);
  const Json data = Json::parse(file, nullptr, false);
  if (!data.is_object() || !data.contains("cases")) {
    fmt::print(stderr, "replies: {} is no file of cases\n", options.cases);
    return 1;
  }
  Json wrong = Json::object();
  int right = 0;
  for (const Json& c : data["cases"]) {
    const std::string said = Judge(c);
    const std::string id = c.at("id").get<std::string>();
    if (said.empty()) {
      ++right;
    } else {
      wrong[id] = said;
    }
    if (options.table)
      fmt::print(stderr, "{:6} {:8} {}\n", id, said.empty() ? "right" : "WRONG", said);
  }
  fmt::print("{}\n",
             Json{{"cases", data["cases"].size()}, {"right", right}, {"wrong", wrong}}.dump());
  return 0;
}

}  // namespace ratchet::eval
