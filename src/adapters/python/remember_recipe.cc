#include "adapters/python/remember_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "adapters/python/facts.h"
#include "adapters/python/module_scope.h"
#include "adapters/python/purity.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kDecorator = "_remember_results";

// The inserted code. {name} stands for a module under the name it has in the file.
constexpr std::string_view kHelper = R"py(def _is_value(item, depth=2):
    """Whether an argument is small, of an exact built-in type, and can never change."""
    if type(item) is tuple:
        return depth > 0 and len(item) <= 64 and all(_is_value(part, depth - 1) for part in item)
    return type(item) in (int, float, bool, type(None)) or (type(item) in (str, bytes) and len(item) <= 65536)


def _is_plain(result, depth=8):
    """Whether a result is made of exact built-in types only, so that a copy is as good as the original."""
    items = [*result, *result.values()] if type(result) is dict else result
    if type(result) in (list, tuple, dict, set, frozenset):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in items)
    return type(result) in (str, int, float, bool, bytes, type(None))


def _remember_results(function, entries=256, seconds=300.0, size=262144):
    """Remember the results of a pure function by the values of its arguments.

    Bounded in number, in age and in the bytes of one entry. Every caller gets a copy of its own.
    Calls with other than small immutable arguments are passed through.
    """
    kept, lock = {collections}.OrderedDict(), {threading}.Lock()

    @{functools}.wraps(function)
    def remembering(*args, **kwargs):
        if not all(map(_is_value, [*args, *kwargs.values()])):
            return function(*args, **kwargs)
        key, now = {marshal}.dumps((args, kwargs), 2), {time}.monotonic()
        with lock:
            made, result = kept.get(key, (float("-inf"), None))
        if now - made < seconds:
            return {copy}.deepcopy(result)
        result = function(*args, **kwargs)
        if _is_plain(result) and len(key) + len({marshal}.dumps(result, 2)) <= size:
            with lock:
                kept[key] = (now, {copy}.deepcopy(result))
                kept.move_to_end(key)
                while len(kept) > entries:
                    kept.popitem(last=False)
        return result

    return remembering


)py";

constexpr auto kModules = std::to_array<std::string_view>(
    {"collections", "copy", "functools", "marshal", "threading", "time"});

Result<Change> Refuse(const CodeSite& site, std::string_view why) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("remember-results refuses {} in {}: {}",
                                                       site.function.name, site.path, why));
}

struct Insertion {
  size_t at;
  std::string text;
};

// Under which name each needed module is known in the file, and the imports to add.
struct ModuleNames {
  std::map<std::string, std::string> names;
  std::string imports;
};

// A module that the file imports at its top, above the function, is used; others are imported under
// private names, so that the module's own names stay as they are.
ModuleNames NameModules(const ModuleScope& scope, const Node& root, const Node& function) {
  ModuleNames result;
  for (const std::string_view module : kModules) {
    const ImportedName* import = scope.Import(module);
    bool there = false;
    for (const Node& statement : root.children()) {
      const bool above = statement.is("import_statement") && statement.begin() < function.begin();
      for (const Node& name : above ? statement.children() : std::vector<Node>{})
        there = there || name.text() == module;
    }
    there = there && import != nullptr && import->module == module && import->name.empty();
    const std::string local = (there ? "" : "_") + std::string(module);
    result.names[std::string(module)] = local;
    if (!there) result.imports += fmt::format("import {} as {}\n", module, local);
  }
  return result;
}

size_t NextLine(const std::string& text, size_t at) {
  const size_t end = text.find('\n', at);
  return end == std::string::npos ? text.size() : end + 1;
}

// The line after the last import above the function, or after the module's docstring; else where
// the first statement begins, below a shebang and a licence.
size_t ImportPlace(const std::string& text, const Node& root, const Node& function) {
  const auto statements = root.children();
  size_t place = statements.front().begin();
  for (const Node& statement : statements) {
    if (statement.begin() >= function.begin()) break;
    const bool docstring = statement == statements.front() &&
                           statement.is("expression_statement") && !statement.children().empty() &&
                           statement.children().front().is("string");
    if (docstring || statement.type().find("import") != std::string_view::npos)
      place = NextLine(text, statement.end());
  }
  return place;
}

// Above the comment that belongs to the function.
size_t HelperPlace(const std::string& text, const Node& function) {
  size_t place = function.begin();
  while (place >= 2) {
    const size_t before = text.rfind('\n', place - 2);
    const size_t line = before == std::string::npos ? 0 : before + 1;
    if (text[line] != '#') break;
    place = line;
    if (place == 0) break;
  }
  return place;
}

std::string HelperText(const std::map<std::string, std::string>& modules) {
  std::string helper(kHelper);
  for (const auto& [module, name] : modules)
    helper = ReplaceAll(helper, fmt::format("{{{}}}", module), name);
  return helper;
}

std::string WithLineEndings(std::string text, bool crlf) {
  return crlf ? ReplaceAll(std::move(text), "\n", "\r\n") : text;
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
    std::map<std::string, std::string> modules;
    for (const std::string_view module : kModules) {
      const bool plain = helper.text().find(fmt::format("_{}.", module)) == std::string_view::npos;
      modules[std::string(module)] = (plain ? "" : "_") + std::string(module);
    }
    const std::string text = ReplaceAll(tree.text(), "\r", "");
    if (text.find(HelperText(modules)) == std::string::npos)
      return fmt::format("{} is not the code that an earlier change inserted", kDecorator);
    return std::nullopt;
  }
  for (const std::string_view name : {kDecorator, "_is_plain"sv, "_is_value"sv}) {
    if (scope.Mentions(name)) return fmt::format("its module has a name {} already", name);
  }
  for (const std::string_view module : kModules) {
    const std::string local = "_" + std::string(module);
    const ImportedName* import = scope.Import(local);
    const bool same = import != nullptr && import->module == module && import->name.empty();
    if (scope.Mentions(local) && !same)
      return fmt::format("its module has a name {} already", local);
  }
  for (const std::string_view builtin :
       {"all", "bool", "bytes", "dict", "float", "frozenset", "int", "len", "list", "map", "set",
        "str", "tuple", "type"}) {
    if (scope.IsBound(builtin)) return fmt::format("its module has a {} of its own", builtin);
  }
  return std::nullopt;
}

std::string Folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// Whether Python may look for modules in this folder: not in a package, unless a script lies in it.
bool MayBeOnThePath(const ComponentTree& tree, const std::string& folder) {
  bool package = false, script = false;
  for (const SourceFile& file : tree.files) {
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

std::string Edit(const SyntaxTree& tree, const ModuleScope& scope, const Node& function) {
  const std::string& text = tree.text();
  const bool crlf = text.find("\r\n") != std::string::npos;
  std::vector<Insertion> insertions;
  if (!scope.Function(kDecorator).ok()) {
    const ModuleNames modules = NameModules(scope, tree.root(), function);
    const size_t imports_at = ImportPlace(text, tree.root(), function);
    const size_t helper_at = HelperPlace(text, function);
    const bool own_line = imports_at == 0 || text[imports_at - 1] == '\n';
    insertions.push_back(
        {std::min(imports_at, helper_at),
         (own_line ? "" : "\n") + modules.imports + (imports_at >= helper_at ? "\n\n" : "")});
    const std::string helper = HelperText(modules.names);
    const std::string above = ReplaceAll(text.substr(0, helper_at), "\r", "");
    const bool apart = above.empty() || above.ends_with("\n\n\n") || imports_at >= helper_at;
    insertions.push_back({helper_at, (apart                     ? ""
                                      : above.ends_with("\n\n") ? "\n"
                                                                : "\n\n") +
                                         helper});
  }
  insertions.push_back({function.begin(), fmt::format("@{}\n", kDecorator)});
  std::string edited;
  size_t done = 0;
  for (const Insertion& insertion : insertions) {
    edited += text.substr(done, insertion.at - done);
    edited += WithLineEndings(insertion.text, crlf);
    done = insertion.at;
  }
  return edited + text.substr(done);
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
  if (scope.HasStarImport())
    return Refuse(site, "its module imports *, so that its names are not known");
  if (!(scope.Function(name) == function)) {
    return Refuse(site, "it is no function at the top of its module, defined once");
  }
  if (const auto taken = Obstacle(syntax, scope, function)) return Refuse(site, *taken);
  auto proof = ProvePure(scope, function);
  if (!proof) return Refuse(site, proof.error().message);
  if (!proof->does_work) return Refuse(site, "it does too little to be worth remembering");
  proof->modules.insert(kModules.begin(), kModules.end());
  for (const SourceFile& other : tree.files) {
    if (!other.path.ends_with(".py")) continue;
    if (const auto shadowed = Shadowed(tree, other.path, proof->modules)) {
      return Refuse(site, fmt::format("{} may be imported in place of the standard library's {}",
                                      other.path, *shadowed));
    }
    if (MayRebind(other.text, proof->names_used)) {
      return Refuse(site, fmt::format("{} may rebind a name that it depends on", other.path));
    }
  }
  Change change;
  change.author = Author::kRecipe;
  change.author_name = "recipe:remember-results";
  change.summary =
      fmt::format("{} remembers its results (at most 256, for 300 s)", site.function.name);
  change.files.push_back({site.path, file->text, Edit(syntax, scope, function)});
  return change;
}

}  // namespace ratchet::python
