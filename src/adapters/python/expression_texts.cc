// Folding: the text that an expression makes. Literals are themselves, names what they were given,
// and everything else is one mark.

#include <algorithm>
#include <charconv>

#include "adapters/python/expression_reader.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

bool IsAsked(std::string_view expression) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"request.", "self.request.", "flask.request.", "req.",
                                              "sys.argv"},
      [&](std::string_view prefix) { return expression.starts_with(prefix); });
}

// Numbers are harmless wherever they are put.
bool MakesANumber(std::string_view name) {
  return OneOf(name, {"int", "float", "len", "round", "abs", "sum", "ord", "hash", "range", "bool",
                      "uuid.uuid4", "time.time", "time.monotonic", "time.time_ns"});
}

std::string_view LastPart(std::string_view name) { return name.substr(name.rfind('.') + 1); }

// What a string with backslashes stands for. Characters beyond ASCII matter to no rule.
std::string Unescaped(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      plain += text[at];
      continue;
    }
    const char kind = text[++at];
    if (kind == '\n') continue;
    const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    unsigned code = 0;
    const char* const first = text.data() + at + 1;
    if (digits > 0 && at + digits < text.size() &&
        std::from_chars(first, first + digits, code, 16).ptr == first + digits) {
      plain += code < 0x80 ? static_cast<char>(code) : kComputed;
      at += digits;
    } else if (kind == 'N' || (kind >= '0' && kind <= '7')) {
      plain += kComputed;  // seldom written, and hardly to be read
    } else {
      plain += kind == 'n' ? '\n' : kind == 't' ? '\t' : kind;
    }
  }
  return plain;
}

}  // namespace

bool HasMark(std::string_view folded) {
  return std::ranges::any_of(folded, [](char c) { return c >= kComputed && c <= kOwn; });
}

struct ExpressionReader::Folding {
  bool literals_only = false;
  int steps = 0, depth = 0;
  size_t bytes = 0;
  std::map<std::string, std::string> known;  // names being read, and what they are so far
};

std::string ExpressionReader::TextOf(const Node& expression) const {
  Folding state;
  return Fold(expression, state);
}

std::string ExpressionReader::LiteralOf(const Node& expression) const {
  Folding state{.literals_only = true, .known = {}};
  return Fold(expression, state);
}

std::string ExpressionReader::Fold(const Node& node, Folding& state) const {
  constexpr int kStepsMax = 2000, kDepthMax = 40;  // far more than a statement that people read
  constexpr size_t kBytesMax = 100'000, kBytesOfFileMax = 10'000'000;
  if (!node.ok()) return "";
  if (++state.steps > kStepsMax || state.depth > kDepthMax || state.bytes > kBytesMax ||
      bytes_folded_ > kBytesOfFileMax) {
    gave_up_ = true;
    return {kComputed};
  }
  ++state.depth;
  std::string text(1, kComputed);
  if (node.is("string")) {
    text = FoldString(node, state);
  } else if (OneOf(node.type(), {"concatenated_string", "list", "tuple", "expression_list",
                                 "parenthesized_expression"})) {
    text = FoldAll(node.children(), "", state);
  } else if (OneOf(node.type(), {"integer", "float", "true", "false", "none"})) {
    text = node.text();
  } else if (node.is("list_comprehension") || node.is("generator_expression")) {
    text = Fold(node.field("body"), state);
  } else if (node.is("conditional_expression") && node.children().size() == 3) {
    text = Fold(node.children()[0], state) + kElse + Fold(node.children()[2], state);
  } else if (node.is("binary_operator")) {
    text = FoldOperator(node, state);
  } else if (!state.literals_only) {
    text = FoldReference(node, state);
  }
  --state.depth;
  state.bytes += text.size();
  bytes_folded_ += text.size() + 1;
  return text;
}

std::string ExpressionReader::FoldReference(const Node& node, Folding& state) const {
  if (IsAsked(node.text())) return {kAsked};
  if (node.is("call")) return FoldCall(node, state);
  if (node.is("identifier")) return FoldIdentifier(node, state);
  if (node.is("attribute")) {
    const bool own = OneOf(node.field("object").text(), {"self", "cls"});
    if (IsConstantName(node.field("attribute").text()) || NameOf(node) == "sys.executable")
      return {kFixed};
    return {own ? kOwn : kComputed};
  }
  if (!node.is("subscript")) return {kComputed};
  if (NameOf(node.field("value")) == "os.environ") return {kFixed};
  const bool asked = Fold(node.field("value"), state) == std::string(1, kAsked);
  return {asked ? kAsked : kComputed};
}

std::string ExpressionReader::FoldAll(const std::vector<Node>& nodes, std::string_view between,
                                      Folding& state) const {
  std::string text;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) text += between;
    text += Fold(nodes[i], state);
  }
  return text;
}

std::string ExpressionReader::FoldString(const Node& node, Folding& state) const {
  std::string text;
  const bool raw = node.text().substr(0, node.text().find_first_of("'\"")).find_first_of("rR") !=
                   std::string_view::npos;
  for (const Node& part : node.children()) {
    if (part.is("interpolation")) text += Fold(part.field("expression"), state);
    if (!part.is("string_content")) continue;
    std::string content = raw ? std::string(part.text()) : Unescaped(part.text());
    // Bytes that are marks here are none where they are written.
    std::ranges::replace_if(
        content, [](char c) { return c >= kComputed && c <= kElse; }, kComputed);
    text += content;
  }
  return text;
}

std::string ExpressionReader::FoldOperator(const Node& node, Folding& state) const {
  const std::string_view op = node.field("operator").text();
  const Node left = node.field("left"), right = node.field("right");
  std::string text = Fold(left, state);
  if (op == "%" && !left.is("integer")) return FillIn(text, '%', right, state);
  std::string other = Fold(right, state);
  if (op == "+") return text + other;
  if (op == "/") return text + "/" + other;
  if (op == "*" && (left.is("string") || left.is("list"))) return text;
  if (op == "*" && (right.is("string") || right.is("list"))) return other;
  return HasMark(text) || HasMark(other) ? std::string(1, kComputed) : "0";
}

// The format with its places filled: "%s" from the right side, "{}" from a call's arguments.
std::string ExpressionReader::FillIn(std::string_view format, char open, const Node& filling,
                                     Folding& state) const {
  const bool several = filling.is("tuple") || filling.is("argument_list");
  const std::vector<Node> parts = several ? filling.children() : std::vector<Node>{filling};
  std::string text;
  size_t next = 0;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != open) {
      text += format[at];
      continue;
    }
    if (at + 1 < format.size() && format[at + 1] == open) {
      text += format[++at];
      continue;
    }
    size_t from = at + 1;
    if (open == '%' && from < format.size() && format[from] == '(')
      from = std::min(format.find(')', from), format.size());
    const size_t end =
        open == '{' ? format.find('}', at) : format.find_first_of("sdifrxXauoeEgGc", from);
    if (end >= format.size()) return text + std::string(format.substr(at));
    const bool number = open == '%' && std::string_view("dixXfoeEgG").contains(format[end]);
    Node part = next < parts.size() ? parts[next++] : Node{};
    if (part.is("keyword_argument")) part = part.field("value");
    text += number                                ? "0"
            : part.ok() && !part.is("dictionary") ? Fold(part, state)
                                                  : std::string(1, kComputed);
    at = end;
  }
  // Places may name their parts: what was not taken in order may stand anywhere.
  for (; open == '{' && next < parts.size(); ++next) {
    const Node named = parts[next].field("value");
    text += Fold(named.ok() ? named : parts[next], state);
  }
  return text;
}

std::string ExpressionReader::FoldCall(const Node& call, Folding& state) const {
  const std::string name = NameOf(call.field("function"));
  const std::vector<Node> arguments = ArgumentsOf(call);
  const std::string_view last = LastPart(name);
  if (MakesANumber(name)) return "0";
  if (name == "input") return {kAsked};
  if (OneOf(name, {"os.getenv", "os.environ.get", "os.path.basename", "os.getcwd"}) ||
      last == "secure_filename")
    return {kFixed};
  if (OneOf(name, {"os.path.join", "pathlib.Path", "Path", "pathlib.PurePath"}))
    return FoldAll(arguments, "/", state);
  const bool wraps = OneOf(last, {"text", "dedent", "cleandoc", "SQL", "abspath", "realpath",
                                  "normpath", "expanduser", "fspath"});
  if (!arguments.empty() && (wraps || name == "str" || name == "bytes"))
    return Fold(arguments[0], state);
  if (call.field("function").is("attribute")) return FoldMethod(call, state);
  return {kComputed};
}

std::string ExpressionReader::FoldMethod(const Node& call, Folding& state) const {
  const Node function = call.field("function");
  const std::string_view method = function.field("attribute").text();
  const std::vector<Node> arguments = ArgumentsOf(call);
  std::string object = Fold(function.field("object"), state);
  if (method == "format") return FillIn(object, '{', call.field("arguments"), state);
  if (method == "joinpath") return object + "/" + FoldAll(arguments, "/", state);
  if (method == "join" && arguments.size() == 1) {
    const Node& list = arguments[0];
    return list.is("list") || list.is("tuple") ? FoldAll(list.children(), object, state)
                                               : Fold(list, state);
  }
  if (method == "replace" && arguments.size() >= 2) return object + Fold(arguments[1], state);
  if (OneOf(method, {"strip", "lstrip", "rstrip", "lower", "upper", "encode", "decode", "resolve",
                     "absolute", "as_posix"}))
    return object;
  return {kComputed};
}

std::string ExpressionReader::FoldIdentifier(const Node& node, Folding& state) const {
  const std::string name(node.text());
  if (const auto known = state.known.find(name); known != state.known.end()) return known->second;
  const auto* bindings = Lookup(name, node.begin());
  if (bindings == nullptr) return {IsConstantName(name) || name == "__file__" ? kFixed : kComputed};
  if (bindings->size() > kBindingsMax) {
    gave_up_ = true;
    return {kComputed};
  }
  std::string earlier, now;
  bool any = false;
  for (const Binding& binding : *bindings) {
    state.known[name] = now;
    const std::string text =
        binding.how == How::kUnknown ? std::string(1, kComputed) : Fold(binding.value, state);
    if (any && binding.how != How::kAppended) {
      earlier += now + kElse;
      now.clear();
    }
    now += text;
    any = true;
    if (earlier.size() + now.size() > 20'000) {  // doubling by "q = q + q"
      gave_up_ = true;
      break;
    }
  }
  state.known.erase(name);
  const std::string text = earlier + now;
  const auto of_module = scopes_[0].bindings.find(name);
  const bool module_constant = IsConstantName(name) && HasMark(text) &&
                               of_module != scopes_[0].bindings.end() &&
                               &of_module->second == bindings;
  return module_constant ? std::string(1, kFixed) : text;
}

}  // namespace ratchet::python
