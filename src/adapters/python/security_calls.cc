// Calls that run code or programs, and calls whose argument may come from anybody.

#include <fmt/format.h>

#include <algorithm>

#include "adapters/python/security_rules.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

struct NamedFunctions {
  const char* rule;
  std::string_view says;                // behind the name
  std::vector<std::string_view> names;  // "os.exec*" stands for all that begin so
};

const std::vector<NamedFunctions>& Dangerous() {
  static const std::vector<NamedFunctions> kFunctions = {
      {"code-execution",
       "runs text or machine code",
       {"eval",
        "exec",
        "compile",
        "__import__",
        "__builtins__",
        "runpy.*",
        "ctypes.CDLL*",
        "ctypes.PyDLL*",
        "ctypes.WinDLL*",
        "ctypes.cdll*",
        "ctypes.windll*",
        "ctypes.pythonapi*",
        "ctypes.mem*",
        "ctypes.cast",
        "ctypes.CFUNCTYPE",
        "ctypes.PYFUNCTYPE",
        "types.FunctionType",
        "types.CodeType",
        "code.Interactive*",
        "code.interact",
        "codeop.*"}},
      {"shell",
       "starts a program",
       {"os.system", "os.popen*", "os.spawn*", "os.exec*", "os.posix_spawn*", "posix.system",
        "posix.exec*", "posix.spawn*", "posix.posix_spawn*", "commands.getoutput",
        "commands.getstatusoutput", "subprocess.getoutput", "subprocess.getstatusoutput",
        "pty.spawn", "asyncio.create_subprocess_shell"}},
      {"process-control",
       "changes how the process ends or is observed",
       {"os._exit", "os.abort", "os.kill", "os.killpg", "atexit.register", "signal.signal",
        "sys.settrace", "sys.setprofile", "threading.settrace", "threading.setprofile",
        "sys.monitoring.*", "coverage.*"}},
      {"unsafe-deserialisation",
       "can run code that is hidden in its input",
       {"pickle.load", "pickle.loads", "pickle.Unpickler", "_pickle.load*", "_pickle.Unpickler",
        "cPickle.*", "cloudpickle.load*", "dill.load*", "marshal.load*", "shelve.open",
        "jsonpickle.decode", "yaml.unsafe_load*", "yaml.full_load*", "joblib.load",
        "pandas.read_pickle"}},
      {"unsafe-option",
       "switches a check of safety off",
       {"ssl._create_unverified_context", "ssl.CERT_NONE", "tempfile.mktemp",
        "paramiko.AutoAddPolicy", "paramiko.WarningPolicy", "paramiko.client.AutoAddPolicy"}},
      {"weak-cipher",
       "can be broken",
       {"Crypto.Cipher.DES*", "Crypto.Cipher.ARC*", "Crypto.Cipher.AES.MODE_ECB",
        "Cryptodome.Cipher.DES*", "Cryptodome.Cipher.ARC*", "Cryptodome.Cipher.AES.MODE_ECB",
        "cryptography.hazmat.primitives.ciphers.modes.ECB",
        "cryptography.hazmat.primitives.ciphers.algorithms.TripleDES",
        "cryptography.hazmat.primitives.ciphers.algorithms.ARC4"}},
  };
  return kFunctions;
}

bool Fits(std::string_view name, std::string_view pattern) {
  if (!pattern.ends_with('*')) return name == pattern;
  const std::string_view start = pattern.substr(0, pattern.size() - 1);
  return name.starts_with(start) && !name.contains('(');  // not what a method of the result is
}

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool IsShell(const std::string& program) {
  return OneOf(FileName(program),
               {"sh", "bash", "dash", "zsh", "ksh", "cmd", "cmd.exe", "powershell", "pwsh"});
}

}  // namespace

std::optional<Verdict> NamedFunction(const std::string& name) {
  for (const NamedFunctions& functions : Dangerous()) {
    if (std::ranges::any_of(functions.names, [&](auto pattern) { return Fits(name, pattern); }))
      return Verdict{functions.rule, fmt::format("{} {}", name, functions.says)};
  }
  return std::nullopt;
}

// getattr(os, name)(), import_module(name), globals()[name](): nobody sees what is called.
std::optional<Verdict> CodeByName(const Call& call) {
  Verdict verdict{"code-execution", "what is called is known by a computed name only"};
  if (call.name == "importlib.import_module")
    return HasMark(call.reader.TextOf(call.Positional(0))) ? std::optional(verdict) : std::nullopt;
  const Node function = call.node.field("function");
  if (function.is("subscript") &&
      OneOf(call.reader.NameOf(function.field("value")), {"globals()", "locals()", "sys.modules"}))
    return verdict;
  if (call.name != "getattr") return std::nullopt;
  const std::string whole = call.reader.NameOf(call.node);
  const size_t dot = std::min(whole.rfind('.'), whole.size());
  const bool module =
      OneOf(whole.substr(0, dot), {"os", "posix", "sys", "subprocess", "builtins", "__builtins__",
                                   "importlib", "ctypes", "pickle", "shutil", "signal"});
  return HasMark(whole) && module ? std::optional(verdict) : std::nullopt;
}

// A program is started through a shell, with a command put together, or it is not known which.
std::optional<Verdict> StartedProgram(const Call& call) {
  const bool process = OneOf(
      call.name, {"subprocess.run", "subprocess.call", "subprocess.Popen", "subprocess.check_call",
                  "subprocess.check_output", "asyncio.create_subprocess_exec"});
  const Node shell = call.Keyword("shell");
  const bool on = shell.ok() && !OneOf(shell.text(), {"False", "0", "None"});
  if (on || call.last == "create_subprocess_shell")
    return Verdict{"shell", "a shell reads the command line"};
  if (!process) return std::nullopt;
  for (const Node& argument : call.Arguments()) {
    if (!argument.is("dictionary_splat")) continue;
    const Node options = call.reader.ValueOf(argument.children()[0]);
    if (options.text().find("shell") != std::string_view::npos)
      return Verdict{"shell", "a shell reads the command line"};
  }
  const Node command = call.reader.ValueOf(call.Argument(0, {"args"}));
  const std::vector<Node> words =
      command.is("list") || command.is("tuple") ? command.children() : std::vector<Node>{};
  if (words.empty() && !HasMark(call.reader.TextOf(command)) && command.ok()) return std::nullopt;
  const std::string program = call.reader.TextOf(words.empty() ? command : words[0]);
  const auto may_be_shell = [&](const Node& word) {
    return std::ranges::any_of(Alternatives(call.reader.TextOf(word)), IsShell);
  };
  if (std::ranges::any_of(words, may_be_shell))
    return Verdict{"shell", "a shell reads the command line"};
  if (!words.empty() && (!HasMark(program) || program[0] == kFixed || program[0] == kOwn))
    return std::nullopt;
  return Verdict{"shell", "it is not fixed which program is started"};
}

// A computed part behind another part can leave the folder: "/srv/" + name.
std::optional<Verdict> BuiltPath(const Call& call) {
  if (call.last == "extractall") {
    const bool filtered = call.Keyword("filter").ok();
    const bool text = call.name.ends_with(".str.extractall") ||
                      call.node.field("function").text().ends_with(".str.extractall");
    if (!filtered && !text)
      return Verdict{"path-traversal", "an archive may write outside of its folder"};
  }
  const bool reads =
      OneOf(call.last, {"read_text", "read_bytes", "write_text", "write_bytes", "unlink"});
  const bool opens =
      OneOf(call.name, {"open", "io.open", "codecs.open", "os.open", "os.remove", "os.unlink",
                        "shutil.rmtree", "flask.send_file", "send_file", "pathlib.Path().open"});
  if (!opens && !reads) return std::nullopt;
  const Node path = reads ? call.node.field("function").field("object")
                          : call.Argument(0, {"file", "path", "path_or_file"});
  for (const std::string& text : Alternatives(call.reader.TextOf(path))) {
    const bool asked = text.find(kAsked) != std::string::npos;
    if (asked || text.find(kComputed, 1) != std::string::npos)
      return Verdict{"path-traversal",
                     "the path is put together from parts and may leave its folder"};
  }
  return std::nullopt;
}

// The address of the server must be fixed; what follows behind it may be computed.
std::optional<Verdict> AnyAddress(const Call& call) {
  const std::string library = call.name.substr(0, call.name.find('.'));
  const bool client = OneOf(library, {"requests", "httpx", "aiohttp", "urllib3"}) &&
                      OneOf(call.last, {"get", "post", "put", "patch", "delete", "head", "options",
                                        "request", "stream", "send"});
  const bool other = OneOf(
      call.name,
      {"urllib.request.urlopen", "urlopen", "urllib.request.urlretrieve", "urllib.request.Request",
       "socket.create_connection", "socket.socket().connect", "http.client.HTTPConnection",
       "http.client.HTTPSConnection", "smtplib.SMTP", "smtplib.SMTP_SSL", "ftplib.FTP"});
  if (!client && !other) return std::nullopt;
  const bool verb_first = call.last == "request" || call.last == "stream";
  Node address = call.Argument(verb_first ? 1 : 0, {"url", "host", "address"});
  if (address.is("tuple") && !address.children().empty()) address = address.children()[0];
  for (const std::string& text : Alternatives(call.reader.TextOf(address))) {
    const size_t scheme = text.find("://");
    const size_t host = scheme == std::string::npos ? 0 : scheme + 3;
    const std::string server = text.substr(0, text.find('/', host));
    const bool fixed = server[0] == kFixed || server[0] == kOwn;
    if (!fixed &&
        (server.find(kComputed) != std::string::npos || server.find(kAsked) != std::string::npos))
      return Verdict{"ssrf", "the address of the request is not fixed"};
  }
  return std::nullopt;
}

std::optional<Verdict> UnsafeReader(const Call& call) {
  Verdict verdict{"unsafe-deserialisation",
                  call.name + " can run code that is hidden in its input"};
  if (call.name == "torch.load" && call.Keyword("weights_only").text() != "True") return verdict;
  if (call.name == "numpy.load") {
    const Node allowed = call.Keyword("allow_pickle");
    if (allowed.ok() && allowed.text() != "False") return verdict;
  }
  if (call.name == "yaml.load" || call.name == "yaml.load_all") {
    const Node loader = call.Argument(1, {"Loader"});
    const std::string name = call.reader.NameOf(loader);
    if (!loader.ok() || !OneOf(name.substr(name.rfind('.') + 1),
                               {"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"}))
      return verdict;
  }
  return std::nullopt;
}

}  // namespace ratchet::python
