#pragma once
// From a language model's reply to files: tolerant in form, strict in effect.
//
// A reply is applied as a whole or not at all. Whole files in fences, SEARCH/REPLACE blocks,
// unified diffs, apply_patch sections and a JSON envelope are read. Error and warning names are
// part of the interface: they are sent back to the model and counted. Pure; any bytes are safe
// input.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/stop_reason.h"

namespace ratchet::generation {

struct ReplyContext {
  std::map<std::string, std::string> existing;  // path → text
  std::vector<std::string> targets;             // files that the reply may change
  StopReason stop = StopReason::kEnd;           // read by ReadStopReason
  std::vector<std::string> allow_new;           // globs of files that it may add
  std::vector<std::string> protected_existing;  // globs of files that it may not change
};

enum class ReplyVerdict {
  kAccept,  // apply exactly `files`
  kReject,  // apply nothing; a failed attempt
  kRetry,   // apply nothing; one repair round with the error named
};

struct ParsedReply {
  ReplyVerdict verdict = ReplyVerdict::kReject;
  std::map<std::string, std::string> files;  // final bytes; empty unless accepted
  std::vector<std::string> errors;           // e.g. "search_not_found"
  std::vector<std::string> warnings;         // e.g. "path_from_comment"
  std::string detail;                        // for people and for the repair round
};

ParsedReply ParseReply(std::string_view reply, const ReplyContext& context);

}  // namespace ratchet::generation
