#include "adapters/python/remember_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "adapters/python/facts.h"
#include "adapters/python/known_names.h"
#include "adapters/python/module_scope.h"
#include "adapters/python/purity.h"
#include "adapters/python/recipe_list.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kDecorator = "_remember_results";

// The inserted code. Its imports are local, so that it adds a single name to the module. It has no
// lock, which a signal handler, a finaliser or a forked process could find taken: what it does to
// `kept` is atomic, because keys are plain bytes. A name that stands for another object gives
// another key; the entry holds the objects, so that their ids are not used again.
constexpr std::string_view kHelper =
    R"py(def _remember_results(*names, entries=256, seconds=300.0, size=131072):
    """Remember the results of a pure function by the values of its arguments.

    At most so many entries, for so many seconds, with at most `size` bytes of arguments
    and of result each. Calls with other than small immutable arguments are passed
    through; every caller gets a copy. `names` are what the function uses of its module:
    when one stands for another object, or a table of other content, a result is new.
    """
    from collections import OrderedDict
    from copy import deepcopy
    from functools import wraps
    from marshal import dumps
    from sys import getsizeof
    from time import monotonic

    atoms = (bool, int, float, str, bytes, type(None))
    fixed = {tuple: tuple, **dict.fromkeys(atoms, lambda atom: ())}
    plain = {list: list, dict: dict.items, **fixed}

    def fits(value, inside):
        """Whether it is small, not deep, of exact built-in types, and without NaN."""
        level, left = [value], size
        while level:
            left -= size // 16
            for part in level:
                left -= getsizeof(part) if type(part) in inside else size
                if left < 0 or part != part:
                    return False
            level = [item for part in level for item in [*inside[type(part)](part)]]
        return True

    def decorate(function):
        kept = OrderedDict()

        @wraps(function)
        def remembering(*args, **kwargs):
            used, now = [*map(function.__globals__.get, names)], monotonic()
            tables = [item for item in used if type(item) in (list, dict, set)]
            known = fits(tables, {set: list, **plain})
            if not known or not fits((args, *kwargs.values()), fixed):
                return function(*args, **kwargs)
            key = dumps((args, kwargs, tables, [*map(id, used)]), 2)
            made, _, result = kept.get(key, (float("-inf"), None, None))
            if now - made < seconds:
                return deepcopy(result)
            result = function(*args, **kwargs)
            if fits(result, plain):
                kept[key] = now, used, deepcopy(result)
                if len(kept) > entries:
                    kept.popitem(last=False)
            return result

        return remembering

    return decorate


)py";

// What the inserted code uses.
constexpr auto kModules =
    std::to_array<std::string_view>({"collections", "copy", "functools", "marshal", "sys", "time"});
constexpr auto kBuiltins =
    std::to_array<std::string_view>({"bool", "bytes", "dict", "float", "id", "int", "len", "list",
                                     "map", "set", "str", "tuple", "type"});

Result<Change> Refuse(const CodeSite& site, std::string_view why) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("remember-results refuses {} in {}: {}",
                                                       site.function.name, site.path, why));
}

// Above the comments that belong to the function. Those at the top of the file belong to the file.
size_t HelperPlace(const std::string& text, const Node& root, const Node& function) {
  size_t place = function.begin();
  int line = function.line();
  const auto nodes = root.tokens();
  auto at = std::ranges::find(nodes, function);
  while (at != nodes.begin()) {
    const Node& above = *--at;
    const bool own_line = above.begin() == 0 || text[above.begin() - 1] == '\n';
    if (!above.is("comment") || !own_line || above.last_line() != line - 1) return place;
    place = above.begin();
    line = above.line();
  }
  return function.begin();
}

Node FindFunction(const Node& root, const CodeSite& site) {
  Node found;
  Walk(root, [&](const Node& node) {
    if (node.is("function_definition") && QualifiedName(node) == site.function.name &&
        (!found.ok() || node.line() == site.function.first_line)) {
      found = node;
    }
    return true;
  });
  return found;
}

// Why the helper cannot stand in this module, if it cannot.
std::optional<std::string> Obstacle(const SyntaxTree& tree, const ModuleScope& scope,
                                    const Node& function) {
  if (const Node helper = scope.Function(kDecorator); helper.ok()) {
    if (helper.begin() > function.begin())
      return "the code inserted by an earlier change stands below it";
    if (ReplaceAll(tree.text(), "\r", "").find(kHelper) == std::string::npos)
      return fmt::format("{} is not the code that an earlier change inserted", kDecorator);
  } else if (scope.Mentions(kDecorator)) {
    return fmt::format("its module has a name {} already", kDecorator);
  }
  for (const std::string_view builtin : kBuiltins) {
    if (scope.IsBound(builtin)) return fmt::format("its module has a {} of its own", builtin);
  }
  return std::nullopt;
}

// Why no call could ever be remembered, or should not be, because of this parameter.
std::optional<std::string> ArgumentObstacle(const Node& parameter) {
  static const NameSet kSecrets = Words(
      "password passwd passphrase pwd secret token credential credentials apikey jwt otp pin cvv "
      "ssn");
  static const NameSet kSecretPairs = Words("api_key private_key access_key card_number");
  static const NameSet kNeverPlain = Words(
      "list List dict Dict set Set frozenset FrozenSet bytearray Callable Iterator Generator "
      "Mapping MutableMapping MutableSequence Counter defaultdict deque Decimal date datetime");
  const Node named = parameter.is("identifier") || parameter.children().empty()
                         ? parameter
                         : parameter.children().front();
  const std::string name = Lowercase(named.text());
  const auto words = Split(name, '_');
  bool secret = false;
  for (size_t i = 0; i < words.size(); ++i) {
    secret = secret || kSecrets.contains(words[i]) ||
             (i > 0 && kSecretPairs.contains(words[i - 1] + "_" + words[i]));
  }
  if (secret) return fmt::format("{} would be kept in memory", name);
  std::string_view type = parameter.field("type").text();
  type = type.substr(0, type.find('['));
  type = type.substr(type.rfind('.') + 1);  // npos + 1 is 0
  if (kNeverPlain.contains(type))
    return fmt::format("the argument {} is nothing that can be remembered", parameter.text());
  return std::nullopt;
}

std::string Folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// Whether Python may look for modules in this folder: not in a package, unless a script lies in it
// or the path is changed.
bool MayBeOnThePath(const ComponentTree& tree, const std::string& folder) {
  bool package = false, script = false;
  for (const SourceFile& file : tree.files) {
    if (file.text.find("sys.path") != std::string::npos) return true;
    if (Folder(file.path) != folder) continue;
    package = package || file.path == folder + "__init__.py";
    script = script || file.text.find("\"__main__\"") != std::string::npos ||
             file.text.find("'__main__'") != std::string::npos;
  }
  return script || !package;
}

// The module of the standard library that a file of the component may stand in front of.
std::optional<std::string> Shadowed(const ComponentTree& tree, const std::string& path,
                                    const std::set<std::string>& modules) {
  std::string stem = path.substr(0, path.size() - ".py"sv.size());
  if (stem.ends_with("/__init__")) stem = stem.substr(0, stem.rfind('/'));
  const std::string folder = Folder(stem);
  std::string name = stem.substr(folder.size());
  if (!modules.contains(name) || !MayBeOnThePath(tree, folder)) return std::nullopt;
  return name;
}

std::string Decorator(const std::set<std::string>& names) {
  std::vector<std::string> quoted;
  quoted.reserve(names.size());
  for (const std::string& name : names) quoted.push_back(fmt::format("\"{}\"", name));
  std::string line = fmt::format("@{}({})\n", kDecorator, Join(quoted, ", "));
  constexpr size_t kLineMax = 100;
  if (line.size() <= kLineMax) return line;
  return fmt::format("@{}(\n    {},\n)\n", kDecorator, Join(quoted, ",\n    "));
}

std::string Edit(const SyntaxTree& tree, const ModuleScope& scope, const Node& function,
                 const std::set<std::string>& names) {
  const std::string& text = tree.text();
  const auto in_style = [&](const std::string& inserted) {
    return text.find("\r\n") == std::string::npos ? inserted : ReplaceAll(inserted, "\n", "\r\n");
  };
  const std::string decorated = in_style(Decorator(names)) + text.substr(function.begin());
  if (scope.Function(kDecorator).ok()) return text.substr(0, function.begin()) + decorated;
  const size_t place = HelperPlace(text, tree.root(), function);
  const std::string above = ReplaceAll(text.substr(0, place), "\r", "");
  const std::string_view apart = above.empty() || above.ends_with("\n\n\n") ? ""
                                 : above.ends_with("\n\n")                  ? "\n"
                                                                            : "\n\n";
  return text.substr(0, place) + in_style(std::string(apart) + std::string(kHelper)) +
         text.substr(place, function.begin() - place) + decorated;
}

}  // namespace

Result<Change> RememberResults(const ComponentTree& tree, const CodeSite& site) {
  const auto file = std::ranges::find(tree.files, site.path, &SourceFile::path);
  if (file == tree.files.end()) return Refuse(site, "the file is not part of the component");
  const SyntaxTree syntax(file->text);
  if (!SyntaxErrors(site.path, syntax).empty()) return Refuse(site, "the file has syntax errors");
  const Node function = FindFunction(syntax.root(), site);
  if (!function.ok()) return Refuse(site, "there is no such function");
  const ModuleScope scope(syntax);
  const std::string name(function.field("name").text());
  if (function.parent().is("decorated_definition")) return Refuse(site, "it is decorated already");
  if (!scope.NamesAreKnown())
    return Refuse(site, "its module imports * or has names beyond ASCII: it may bind any name");
  if (!(scope.Function(name) == function)) {
    return Refuse(site, "it is no function at the top of its module, defined once");
  }
  if (const auto taken = Obstacle(syntax, scope, function)) return Refuse(site, *taken);
  auto proof = ProvePure(scope, function);
  if (!proof) return Refuse(site, proof.error().message);
  for (const Node& parameter : function.field("parameters").children()) {
    if (const auto obstacle = ArgumentObstacle(parameter)) return Refuse(site, *obstacle);
  }
  if (!proof->does_work) return Refuse(site, "it does too little to be worth remembering");
  proof->modules.insert(kModules.begin(), kModules.end());
  for (const SourceFile& other : tree.files) {
    if (!other.path.ends_with(".py")) continue;
    if (const auto shadowed = Shadowed(tree, other.path, proof->modules)) {
      return Refuse(site, fmt::format("{} may be imported in place of the standard library's {}",
                                      other.path, *shadowed));
    }
  }
  Change change;
  change.author = Author::kRecipe;
  change.author_name = "recipe:remember-results";
  change.summary =
      fmt::format("{} remembers its results (at most 256, for 300 s)", site.function.name);
  change.files.push_back({site.path, file->text, Edit(syntax, scope, function, proof->names_used)});
  return change;
}

// It only helps where calls repeat.
const Recipe kRememberResults{"remember-results", {InsightKind::kRepeatedCalls}, RememberResults};

}  // namespace ratchet::python
