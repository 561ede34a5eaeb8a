// Options and algorithms that give up a protection.

#include <algorithm>
#include <charconv>

#include "adapters/python/security_rules.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

std::optional<Verdict> SwitchedOff() {
  return Verdict{"unsafe-option", "a check of safety is switched off"};
}

bool IsWebClient(const Call& call) {
  const std::string object = Lowercase(call.node.field("function").field("object").text());
  return OneOf(call.name.substr(0, call.name.find('.')),
               {"requests", "httpx", "aiohttp", "urllib3", "jwt"}) ||
         object.find("session") != std::string::npos || object.find("client") != std::string::npos;
}

bool AllMayWrite(const Node& mode) {
  if (mode.text().find("S_IWOTH") != std::string_view::npos ||
      mode.text().find("S_IRWXO") != std::string_view::npos)
    return true;
  if (!mode.is("integer")) return false;
  std::string digits = Lowercase(mode.text());
  const int base = digits.starts_with("0o") ? 8 : digits.starts_with("0x") ? 16 : 10;
  if (base != 10) digits = digits.substr(2);
  unsigned value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return (value & 2U) != 0;
}

}  // namespace

std::optional<Verdict> WeakHash(const Call& call) {
  const auto is_weak = [](std::string_view algorithms) {
    return std::ranges::any_of(Alternatives(algorithms), [](const std::string& algorithm) {
      return OneOf(Lowercase(algorithm), {"md5", "sha1", "sha-1", "md4"});
    });
  };
  bool weak = OneOf(call.name, {"hashlib.md5", "hashlib.sha1", "md5", "sha1"});
  if (call.name == "hashlib.new") weak = is_weak(call.reader.TextOf(call.Argument(0, {"name"})));
  if (OneOf(call.name, {"hmac.new", "hmac.digest", "hmac.HMAC"})) {
    const Node algorithm = call.Argument(2, {"digestmod", "digest"});
    const std::string name = call.reader.NameOf(algorithm);
    weak = is_weak(call.reader.TextOf(algorithm)) || is_weak(name.substr(name.rfind('.') + 1));
  }
  if (!weak || call.Keyword("usedforsecurity").text() == "False") return std::nullopt;
  return Verdict{"weak-hash", call.name + " uses a weak hash"};
}

std::optional<Verdict> UnescapedText(const Call& call) {
  Verdict verdict{"xss", "text is sent to browsers without escaping"};
  const bool unescaped = OneOf(call.last, {"Markup", "mark_safe", "render_template_string"});
  if (unescaped && HasMark(call.reader.TextOf(call.Argument(0, {"source"})))) return verdict;
  if (call.Keyword("autoescape").text() == "False") return verdict;
  return std::nullopt;
}

std::optional<Verdict> UnsafeOption(const Call& call) {
  if (call.Keyword("verify").text() == "False" && IsWebClient(call)) return SwitchedOff();
  if (IsWebClient(call) && OneOf(call.Keyword("ssl").text(), {"False"})) return SwitchedOff();
  if (call.last == "run" && call.Keyword("debug").text() == "True" && call.name != "asyncio.run")
    return Verdict{"unsafe-option", "the debugger is open to everybody who sees the page"};
  if (OneOf(call.last, {"chmod", "fchmod", "makedirs", "mkdir"}) &&
      AllMayWrite(call.Argument(call.name.starts_with("os.") ? 1 : 0, {"mode"})))
    return Verdict{"unsafe-option", "everybody may write"};
  const bool lxml = call.name.starts_with("lxml.etree.");
  if (lxml &&
      (call.Keyword("resolve_entities").text() == "True" ||
       call.Keyword("no_network").text() == "False" || call.Keyword("load_dtd").text() == "True"))
    return Verdict{"xxe", "XML may read other files through its entities"};
  if (call.last == "setFeature" && call.Positional(1).ok() &&
      call.reader.NameOf(call.Positional(0)).find("external_") != std::string::npos &&
      !OneOf(call.Positional(1).text(), {"False", "0"}))
    return Verdict{"xxe", "XML may read other files through its entities"};
  return std::nullopt;
}

// session.verify = False, context.check_hostname = False, {"verify_signature": False}
std::optional<Verdict> UnsafeAssignment(const Node& node, const ExpressionReader& reader) {
  if (node.is("pair") && node.field("value").text() == "False" &&
      StringValue(node.field("key")).value_or("").starts_with("verify_"))
    return SwitchedOff();
  const Node left = node.field("left");
  if (!node.is("assignment") || !left.is("attribute") || node.field("right").text() != "False")
    return std::nullopt;
  const std::string_view member = left.field("attribute").text();
  const std::string of = Lowercase(reader.NameOf(left.field("object")));
  const bool session = of.starts_with("requests.") || of.starts_with("httpx.") ||
                       Lowercase(left.text()).find("session") != std::string::npos;
  return member == "check_hostname" || (member == "verify" && session) ? SwitchedOff()
                                                                       : std::nullopt;
}

}  // namespace ratchet::python
