#include "adapters/python/remember_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "adapters/python/facts.h"
#include "adapters/python/module_scope.h"
#include "adapters/python/purity.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

constexpr std::string_view kDecorator = "_remember_results";

// The inserted code. {name} stands for a module under the name it has in the file.
constexpr std::string_view kHelper = R"py(def _is_plain(value, depth=8):
    """Whether a value is made of exact built-in types only, so that equal means interchangeable."""
    if type(value) in (str, int, float, bool, bytes, type(None)):
        return True
    items = [*value, *value.values()] if type(value) is dict else value
    plain = depth > 0 and type(value) in (list, tuple, dict, set, frozenset)
    return plain and all(_is_plain(item, depth - 1) for item in items)


def _remember_results(function, entries=256, seconds=300.0, size=262144):
    """Remember the results of a pure function by the values of its arguments.

    Bounded in number, in age and in the bytes of one entry. Every caller gets a copy of its own.
    Arguments and results that are not plain values are passed through.
    """
    kept, lock = {collections}.OrderedDict(), {threading}.Lock()

    @{functools}.wraps(function)
    def remembering(*args, **kwargs):
        if not _is_plain([args, kwargs]):
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

constexpr auto kModules =
    std::to_array<std::string_view>({"collections", "copy", "functools", "marshal", "threading", "time"});

Result<Change> Refuse(const CodeSite& site, std::string_view why) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("remember-results refuses {} in {}: {}", site.function.name, site.path, why));
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

ModuleNames NameModules(const ModuleScope& scope) {
  ModuleNames result;
  for (const std::string_view module : kModules) {
    const ImportedName* import = scope.Import(module);
    const bool there = import != nullptr && import->module == module && import->name.empty();
    const bool free = there || !scope.Mentions(module);
    const std::string local = (free ? "" : "_") + std::string(module);
    result.names[std::string(module)] = local;
    if (!there) result.imports += fmt::format("import {}{}\n", module, free ? "" : " as " + local);
  }
  return result;
}

// After the last import above the function; else after the module's docstring and __future__.
size_t ImportPlace(const Node& root, const Node& function) {
  size_t place = 0;
  bool first = true;
  for (const Node& statement : root.children()) {
    if (statement.begin() >= function.begin()) break;
    const bool docstring = first && statement.is("expression_statement") && !statement.children().empty() &&
                           statement.children().front().is("string");
    if (docstring || statement.type().find("import") != std::string_view::npos) place = statement.end();
    first = false;
  }
  return place;
}

size_t NextLine(const std::string& text, size_t at) {
  const size_t end = text.find('\n', at);
  return end == std::string::npos ? text.size() : end + 1;
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

std::string Edit(const SyntaxTree& tree, const ModuleScope& scope, const Node& function) {
  const std::string& text = tree.text();
  const bool crlf = text.find("\r\n") != std::string::npos;
  std::vector<Insertion> insertions;
  const bool helper_there = scope.Function(kDecorator).ok();
  if (!helper_there) {
    const ModuleNames modules = NameModules(scope);
    const size_t place = ImportPlace(tree.root(), function);
    std::string imports = modules.imports;
    if (place == 0 && !imports.empty()) imports += "\n";
    const size_t at = place == 0 ? (text.starts_with("\xEF\xBB\xBF") ? 3 : 0) : NextLine(text, place - 1);
    if (place != 0 && !text.substr(place, at - place).contains('\n')) imports = "\n" + imports;
    insertions.push_back({at, imports});
    std::string helper(kHelper);
    for (const auto& [module, name] : modules.names) helper = ReplaceAll(helper, "{" + module + "}", name);
    insertions.push_back({function.begin(), helper});
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
  if (!(scope.Function(name) == function)) {
    return Refuse(site, "it is no function at the top of its module, defined once");
  }
  if (!scope.Function(kDecorator).ok() && (scope.Mentions(kDecorator) || scope.Mentions("_is_plain"))) {
    return Refuse(site, "the names of the inserted code are taken");
  }
  auto proof = ProvePure(scope, function);
  if (!proof) return Refuse(site, proof.error().message);
  if (!proof->does_work) return Refuse(site, "it does too little to be worth remembering");
  for (const SourceFile& other : tree.files) {
    if (!other.path.ends_with(".py")) continue;
    if (AssignsAttribute(other.text, proof->names_used)) {
      return Refuse(site, fmt::format("{} may rebind a name that it depends on", other.path));
    }
  }
  Change change;
  change.author = Author::kRecipe;
  change.author_name = "recipe:remember-results";
  change.summary = fmt::format("{} remembers its results (at most 256, for 300 s)", site.function.name);
  change.files.push_back({site.path, file->text, Edit(syntax, scope, function)});
  return change;
}

}  // namespace ratchet::python
