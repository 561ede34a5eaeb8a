// Any bytes as a model's reply: parsed, and whatever is accepted names only allowed files.

#include <cstdlib>
#include <string>

#include "core/generation/reply_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using ratchet::generation::ReplyVerdict;
  ratchet::generation::ReplyContext context;
  context.existing = {{"svc/total.py", "def total(xs):\n    s = 0\n    return s\n"},
                      {"docs/a.md", "# T\r\n"},
                      {"tests/t.py", "x\n"}};
  context.targets = {"svc/total.py", "docs/a.md"};
  context.allow_new = {"new/**"};
  context.protected_existing = {"tests/**"};
  const auto parsed =
      ratchet::generation::ParseReply({reinterpret_cast<const char*>(data), size}, context);
  if (parsed.verdict != ReplyVerdict::kAccept && !parsed.files.empty()) std::abort();
  if (parsed.verdict == ReplyVerdict::kAccept && parsed.files.empty()) std::abort();
  for (const auto& [path, text] : parsed.files) {
    const bool allowed = path == "svc/total.py" || path == "docs/a.md" || path.starts_with("new/");
    if (!allowed || path.find("..") != std::string::npos) std::abort();
  }
  return 0;
}
