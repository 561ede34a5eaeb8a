// The security gate's rules. Each looks at one kind of node and says at most one finding. They know
// names, not types: what they miss and what they flag wrongly is listed in docs/validation.md.

#include <algorithm>
#include <array>
#include <functional>

#include "adapters/python/facts.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

using Names = std::vector<std::string_view>;

bool OneOf(std::string_view name, const Names& names) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<Node> Arguments(const Node& call) { return call.field("arguments").children(); }

Node FirstArgument(const Node& call) {
  for (const Node& argument : Arguments(call)) {
    if (!argument.is("keyword_argument")) return argument;
  }
  return {};
}

Node Keyword(const Node& call, std::string_view name) {
  for (const Node& argument : Arguments(call)) {
    if (argument.is("keyword_argument") && argument.field("name").text() == name)
      return argument.field("value");
  }
  return {};
}

// Text put together from parts: f"...{x}", "..." + x, "..." % x, "...".format(x).
bool IsBuiltText(const Node& node) {
  if (node.is("string") || node.is("concatenated_string")) {
    bool interpolated = false;
    Walk(node, [&](const Node& n) {
      interpolated = interpolated || n.is("interpolation");
      return true;
    });
    return interpolated;
  }
  if (node.is("binary_operator")) {
    const std::string_view op = node.field("operator").text();
    const bool text = node.field("left").is("string") || node.field("right").is("string") ||
                      IsBuiltText(node.field("left"));
    return text && (op == "+" || op == "%");
  }
  if (node.is("parenthesized_expression"))
    return !node.children().empty() && IsBuiltText(node.children()[0]);
  return node.is("call") && node.field("function").is("attribute") &&
         node.field("function").field("attribute").text() == "format";
}

bool LooksLikeSql(std::string_view text) {
  const std::string lower = Lowercase(text);
  for (const char* verb : {"select ", "insert ", "update ", "delete ", "drop ", "replace into"}) {
    if (lower.find(verb) != std::string::npos) return true;
  }
  return false;
}

std::string CallRule(const Node& call, std::string& message) {
  const std::string name(call.field("function").text());
  const std::string last =
      name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
  const Node first = FirstArgument(call);
  if (OneOf(name, {"eval", "exec", "compile", "builtins.eval", "builtins.exec", "__import__"})) {
    message = name + " runs text as code";
    return "code-execution";
  }
  if (OneOf(name, {"os.system", "os.popen", "commands.getoutput", "subprocess.getoutput",
                   "subprocess.getstatusoutput", "pty.spawn"}) ||
      name.starts_with("os.spawn") || name.starts_with("os.exec")) {
    message = name + " starts a program";
    return "shell";
  }
  if (OneOf(name, {"os._exit", "os.abort", "os.kill", "os.killpg", "atexit.register",
                   "signal.signal", "sys.settrace", "sys.setprofile", "threading.settrace"})) {
    message = name + " changes how the process ends or is observed";
    return "process-control";
  }
  if (Keyword(call, "shell").text() == "True" || last == "create_subprocess_shell") {
    message = "a shell reads the command line";
    return "shell";
  }
  if (OneOf(name, {"pickle.load", "pickle.loads", "cPickle.loads", "dill.loads", "marshal.load",
                   "marshal.loads", "shelve.open", "jsonpickle.decode", "pickle.Unpickler",
                   "yaml.unsafe_load"}) ||
      (name == "yaml.load" &&
       Keyword(call, "Loader").text().find("Safe") == std::string_view::npos)) {
    message = name + " can run code that is hidden in its input";
    return "unsafe-deserialisation";
  }
  const bool weak =
      OneOf(name, {"hashlib.md5", "hashlib.sha1", "md5", "sha1"}) ||
      (name == "hashlib.new" && OneOf(StringValue(first).value_or(""), {"md5", "sha1"}));
  if (weak && Keyword(call, "usedforsecurity").text() != "False") {
    message = name + " is a weak hash";
    return "weak-hash";
  }
  if (OneOf(last, {"execute", "executemany", "executescript", "raw"}) && IsBuiltText(first) &&
      LooksLikeSql(first.text())) {
    message = "the SQL statement is put together from parts";
    return "sql-injection";
  }
  if (OneOf(name, {"open", "io.open", "os.remove", "os.unlink", "shutil.rmtree", "send_file",
                   "os.path.join", "pathlib.Path", "Path"})) {
    const auto arguments = Arguments(call);
    const bool built = std::ranges::any_of(arguments, [](const Node& a) { return IsBuiltText(a); });
    if (built && name.find("join") == std::string::npos) {
      message = "the path is put together from parts and may leave its folder";
      return "path-traversal";
    }
  }
  if (OneOf(name, {"urllib.request.urlopen", "urlopen", "requests.get", "requests.post",
                   "requests.request", "httpx.get", "httpx.post", "socket.create_connection"}) &&
      !first.is("string")) {
    message = "the address of the request is not fixed";
    return "ssrf";
  }
  if (OneOf(name, {"ssl._create_unverified_context", "tempfile.mktemp"}) ||
      Keyword(call, "verify").text() == "False") {
    message = "a check of safety is switched off";
    return "unsafe-option";
  }
  if (OneOf(last, {"Markup", "mark_safe"}) && !first.is("string")) {
    message = "text is sent to browsers without escaping";
    return "xss";
  }
  return {};
}

// name = "literal" where the name promises a secret.
bool IsHardCodedSecret(const Node& assignment) {
  const std::string name = Lowercase(assignment.field("left").text());
  bool promising = false;
  for (const char* word : {"password", "passwd", "secret", "api_key", "apikey", "token",
                           "private_key", "access_key"}) {
    promising = promising || name.find(word) != std::string::npos;
  }
  const auto value = StringValue(assignment.field("right"));
  if (!promising || !value || value->size() < 8) return false;
  // Names of fields, headers and variables are words; secrets are not.
  const bool word = std::ranges::all_of(*value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == ' ' ||
           c == '.';
  });
  return !word;
}

}  // namespace

std::vector<Finding> SecurityFindings(const std::string& path, const SyntaxTree& tree) {
  std::vector<Finding> findings;
  Walk(tree.root(), [&](const Node& node) {
    std::string rule, message;
    if (node.is("call")) rule = CallRule(node, message);
    if (node.is("assignment") && IsHardCodedSecret(node)) {
      rule = "hard-coded-secret";
      message = std::string(node.field("left").text()) + " holds a secret as text";
    }
    if (!rule.empty()) findings.push_back({path, node.line(), rule, message});
    return true;
  });
  return findings;
}

}  // namespace ratchet::python
