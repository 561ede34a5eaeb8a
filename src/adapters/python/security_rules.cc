// The security gate's rules. Each looks at one kind of node and says at most one finding. They know
// names, not types: what they miss and what they flag wrongly is listed in docs/validation.md.

#include <fmt/format.h>

#include <algorithm>
#include <map>

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

// Under which dotted name each imported name is known: "s" → "os.system" for
// `from os import system as s`. Imports inside functions count for the whole file.
std::map<std::string, std::string> Aliases(const Node& root) {
  std::map<std::string, std::string> aliases;
  Walk(root, [&](const Node& node) {
    if (!node.is("import_statement") && !node.is("import_from_statement")) return true;
    const Node module = node.field("module_name");
    for (const Node& name : node.children()) {
      if (name == module || name.is("wildcard_import")) continue;
      const bool aliased = name.is("aliased_import");
      const std::string imported(aliased ? name.field("name").text() : name.text());
      const std::string full =
          module.ok() ? fmt::format("{}.{}", module.text(), imported) : imported;
      if (aliased) {
        aliases[std::string(name.field("alias").text())] = full;
      } else if (module.ok()) {
        aliases[imported] = full;
      }  // "import a.b" binds a, which stands for itself
    }
    return false;
  });
  return aliases;
}

struct NamedCalls {
  std::string_view rule, says;  // what is said behind the name
  Names names;                  // whole dotted names; "os.exec*" stands for all that begin so
};

const std::vector<NamedCalls>& Dangerous() {
  static const std::vector<NamedCalls> kCalls = {
      {"code-execution",
       "runs text as code",
       {"eval", "exec", "compile", "builtins.*", "__import__", "runpy.*", "ctypes.*",
        "types.FunctionType", "types.CodeType", "code.Interactive*"}},
      {"shell",
       "starts a program",
       {"os.system", "os.popen*", "os.spawn*", "os.exec*", "os.posix_spawn*", "posix.*",
        "commands.*", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn",
        "asyncio.create_subprocess_shell"}},
      {"process-control",
       "changes how the process ends or is observed",
       {"os._exit", "os.abort", "os.kill", "os.killpg", "atexit.register", "signal.signal",
        "sys.settrace", "sys.setprofile", "threading.settrace", "threading.setprofile",
        "sys.monitoring.*", "coverage.*"}},
      {"unsafe-deserialisation",
       "can run code that is hidden in its input",
       {"pickle.load", "pickle.loads", "pickle.Unpickler", "_pickle.*", "cPickle.*", "dill.load",
        "dill.loads", "marshal.load", "marshal.loads", "shelve.open", "jsonpickle.decode",
        "yaml.unsafe_load*", "yaml.full_load*", "joblib.load", "torch.load", "pandas.read_pickle"}},
      {"unsafe-option",
       "switches a check of safety off",
       {"ssl._create_unverified_context", "tempfile.mktemp", "paramiko.AutoAddPolicy"}},
  };
  return kCalls;
}

bool Fits(std::string_view name, std::string_view pattern) {
  if (!pattern.ends_with('*')) return name == pattern;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool IsOn(const Node& value) { return value.ok() && !OneOf(value.text(), {"False", "0", "None"}); }

// A call with what its function is really called: "os.system", also under another name.
struct NamedCall {
  Node call;
  std::string name, last;
  Node first;
};

std::string_view WeakHash(const NamedCall& c) {
  static const Names kWeak = {"md5", "sha1"};
  const std::string chosen = Lowercase(StringValue(c.first).value_or(""));
  bool weak = OneOf(c.name, {"hashlib.md5", "hashlib.sha1", "md5", "sha1"}) ||
              (c.name == "hashlib.new" && OneOf(chosen, kWeak));
  if (c.name == "hmac.new" || c.name == "hmac.digest") {
    for (const Node& argument : Arguments(c.call)) {
      const std::string text = Lowercase(argument.text());
      weak =
          weak || text.find("md5") != std::string::npos || text.find("sha1") != std::string::npos;
    }
  }
  return weak && Keyword(c.call, "usedforsecurity").text() != "False" ? "weak-hash" : "";
}

// A program is started through a shell, or its command is one text put together from parts.
bool StartsAShell(const NamedCall& c) {
  if (c.last == "create_subprocess_shell" || IsOn(Keyword(c.call, "shell"))) return true;
  if (!c.name.starts_with("subprocess.")) return false;
  for (const Node& argument : Arguments(c.call)) {
    if (argument.is("dictionary_splat") && argument.text().find("shell") != std::string_view::npos)
      return true;
  }
  const auto words = c.first.is("list") ? c.first.children() : std::vector<Node>{};
  const std::string program = words.empty() ? "" : StringValue(words.front()).value_or("");
  return IsBuiltText(c.first) || OneOf(program.substr(program.rfind('/') + 1), {"sh", "bash"});
}

bool OpensABuiltPath(const NamedCall& c) {
  if (!OneOf(c.name, {"open", "io.open", "os.remove", "os.unlink", "shutil.rmtree",
                      "flask.send_file", "send_file", "pathlib.Path", "Path"}))
    return false;
  return std::ranges::any_of(Arguments(c.call), [](const Node& a) { return IsBuiltText(a); });
}

// A constant by its name ("BASE_URL") is a fixed address, too.
bool AsksAnyAddress(const NamedCall& c) {
  static const Names kVerbs = {"get",    "post", "put",     "patch",
                               "delete", "head", "request", "stream"};
  const std::string library = c.name.substr(0, c.name.find('.'));
  const bool asks =
      ((library == "requests" || library == "httpx") && OneOf(c.last, kVerbs)) ||
      OneOf(c.name, {"urllib.request.urlopen", "urlopen", "socket.create_connection"});
  const bool constant =
      c.first.is("identifier") && std::ranges::none_of(c.first.text(), [](char letter) {
        return letter >= 'a' && letter <= 'z';
      });
  return asks && !constant && (!c.first.is("string") || IsBuiltText(c.first));
}

bool ReadsUnsafeYaml(const NamedCall& c) {
  return (c.name == "yaml.load" || c.name == "yaml.load_all") &&
         std::ranges::none_of(Arguments(c.call), [](const Node& argument) {
           return argument.text().find("Safe") != std::string_view::npos;
         });
}

// getattr(os, name): any function of it, by a name that nobody sees.
bool ReachesByName(const NamedCall& c, const std::map<std::string, std::string>& aliases) {
  if (c.name != "getattr" && c.name != "importlib.import_module") return false;
  if (c.name != "getattr") return !StringValue(c.first);
  const auto alias = aliases.find(std::string(c.first.text()));
  const std::string of(alias == aliases.end() ? c.first.text() : alias->second);
  return OneOf(of, {"os", "posix", "sys", "subprocess", "builtins", "__builtins__", "importlib",
                    "ctypes", "pickle", "shutil", "signal"});
}

std::string CallRule(const Node& call, const std::map<std::string, std::string>& aliases,
                     std::string& message) {
  std::string name(call.field("function").text());
  const size_t dot = std::min(name.find('.'), name.size());
  if (const auto alias = aliases.find(name.substr(0, dot)); alias != aliases.end())
    name = alias->second + name.substr(dot);
  const NamedCall c{
      .call = call,
      .name = name,
      .last = name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1),
      .first = FirstArgument(call)};
  for (const NamedCalls& calls : Dangerous()) {
    if (std::ranges::none_of(calls.names, [&](auto pattern) { return Fits(name, pattern); }))
      continue;
    message = fmt::format("{} {}", name, calls.says);
    return std::string(calls.rule);
  }
  const auto found = [&](bool holds, const char* rule, std::string says) {
    if (holds && message.empty()) message = std::move(says);
    return holds ? rule : "";
  };
  const bool sql = OneOf(c.last, {"execute", "executemany", "executescript", "raw"}) &&
                   IsBuiltText(c.first) && LooksLikeSql(c.first.text());
  const bool unescaped = OneOf(c.last, {"Markup", "mark_safe"}) && !c.first.is("string");
  for (const std::string rule :
       {found(StartsAShell(c), "shell", "a shell reads the command line"),
        found(ReachesByName(c, aliases), "code-execution", name + " reaches whatever is named"),
        found(ReadsUnsafeYaml(c), "unsafe-deserialisation",
              name + " can run code that is hidden in its input"),
        found(!WeakHash(c).empty(), "weak-hash", name + " uses a weak hash"),
        found(sql, "sql-injection", "the SQL statement is put together from parts"),
        found(OpensABuiltPath(c), "path-traversal",
              "the path is put together from parts and may leave its folder"),
        found(AsksAnyAddress(c), "ssrf", "the address of the request is not fixed"),
        found(Keyword(call, "verify").text() == "False", "unsafe-option",
              "a check of safety is switched off"),
        found(unescaped, "xss", "text is sent to browsers without escaping")}) {
    if (!rule.empty()) return rule;
  }
  return {};
}

// eval handed on instead of called: map(eval, x), e = eval.
bool HandsOnExecution(const Node& node) {
  if (!node.is("identifier") || !OneOf(node.text(), {"eval", "exec", "__import__", "__builtins__"}))
    return false;
  const Node parent = node.parent();
  const bool called = parent.is("call") && parent.field("function") == node;
  const bool member = parent.is("attribute") && parent.field("attribute") == node;
  const bool keyword = parent.is("keyword_argument") && parent.field("name") == node;
  return !called && !member && !keyword;
}

bool PromisesASecret(const std::string& name) {
  static const Names kWords = {"password", "passwd",      "passphrase", "secret", "api_key",
                               "apikey",   "private_key", "access_key", "token"};
  static const Names kAbout = {"_url",    "_path",    "_header", "_field", "_type",
                               "_prompt", "_pattern", "_name",   "_id",    "tokens"};
  return std::ranges::any_of(kWords, [&](auto w) { return name.find(w) != std::string::npos; }) &&
         std::ranges::none_of(kAbout, [&](auto end) { return name.ends_with(end); });
}

// A literal under a name that promises a secret, or one that is a secret by its form.
bool IsHardCodedSecret(const Node& named, const Node& literal) {
  const auto value = StringValue(literal);
  if (!value) return false;
  if (value->find("PRIVATE KEY-----") != std::string::npos) return true;
  if (value->starts_with("AKIA") && value->size() == 20) return true;
  std::string name = Lowercase(StringValue(named).value_or(std::string(named.text())));
  if (!PromisesASecret(name) || value->size() < 8) return false;
  // Names of fields, headers, variables and places are words; secrets are not.
  const bool place = value->starts_with("/") || value->find("://") != std::string::npos ||
                     value->find(' ') != std::string::npos;
  const bool word = std::ranges::all_of(*value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
  });
  return !word && !place;
}

bool HoldsASecret(const Node& node) {
  if (node.is("assignment")) return IsHardCodedSecret(node.field("left"), node.field("right"));
  if (node.is("pair")) return IsHardCodedSecret(node.field("key"), node.field("value"));
  if (node.is("keyword_argument") || node.is("default_parameter"))
    return IsHardCodedSecret(node.field("name"), node.field("value"));
  return false;
}

}  // namespace

std::vector<Finding> SecurityFindings(const std::string& path, const SyntaxTree& tree) {
  std::vector<Finding> findings;
  const auto aliases = Aliases(tree.root());
  Walk(tree.root(), [&](const Node& node) {
    std::string rule, message;
    if (node.is("call")) rule = CallRule(node, aliases, message);
    if (HandsOnExecution(node)) {
      rule = "code-execution";
      message = std::string(node.text()) + " is handed on, and runs text as code";
    }
    if (HoldsASecret(node)) {
      rule = "hard-coded-secret";
      message = "a secret stands here as text";
    }
    if (!rule.empty()) findings.push_back({path, node.line(), rule, message});
    return true;
  });
  return findings;
}

}  // namespace ratchet::python
