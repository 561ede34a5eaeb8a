#include <fmt/format.h>

#include <algorithm>

#include "adapters/python/known_names.h"
#include "adapters/python/purity_prover.h"

namespace ratchet::python {

void PurityProver::Call(const Node& call) {
  const Node function = call.field("function");
  if (call.field("arguments").is("generator_expression")) {
    Visit(call.field("arguments"));  // sum(x for x in y): the generator is the argument list
  } else {
    for (const Node& argument : call.field("arguments").children()) {
      Visit(argument.is("keyword_argument") ? argument.field("value") : argument);
    }
  }
  if (function.is("identifier")) return CallName(call, function);
  if (function.is("attribute")) return CallMethod(call, function);
  Refuse(call, "it calls something that is computed");
}

void PurityProver::CallName(const Node& call, const Node& function) {
  const std::string_view name = function.text();
  if (scope_.IsLocal(name)) {
    const auto& values = scope_.Values(name);
    const bool proved = scope_.IsOwnLocal(name) && !scope_.IsForeign(name) && !values.empty() &&
                        std::ranges::all_of(values, [](const Node& v) {
                          return v.is("lambda") || v.is("function_definition");
                        });
    if (!proved) Refuse(call, fmt::format("it calls {}, which may be anything", name));
    return;
  }
  static const NameSet kWorking = {"sorted", "sum", "map", "filter"};
  proof_.does_work = proof_.does_work || kWorking.contains(name);
  Read(function);
}

void PurityProver::CallMethod(const Node& call, const Node& function) {
  const Node object = function.field("object");
  const std::string_view method = function.field("attribute").text();
  if (!scope_.IsLocal(object.text())) {
    if (const auto import = ModuleOf(object)) {
      if (!CallsLibrary(call, object, *import, method))
        Refuse(call, fmt::format("it calls {}, which is not known to be pure", function.text()));
      return;
    }
  }
  if (BuiltinTypes().contains(object.text()) && !scope_.IsLocal(object.text()) &&
      !module_.IsBound(object.text()) &&
      (method == "fromkeys" || method == "maketrans" || method == "fromhex" ||
       method == "from_bytes")) {
    return;
  }
  Visit(object);
  static const NameSet kWorking = Words("findall finditer sub subn");
  proof_.does_work = proof_.does_work || kWorking.contains(method);
  if (ReadingMethods().contains(method)) return;
  if (!MutatingMethods().contains(method)) {
    return Refuse(call,
                  fmt::format("it calls the method {}, which is not known to be pure", method));
  }
  if (scope_.IsFresh(object)) return;
  Refuse(call,
         fmt::format("{} changes a value that others may see", call.field("function").text()));
}

// The imported module that an expression stands for: "re", or "urllib.parse".
std::optional<ImportedName> PurityProver::ModuleOf(const Node& object) const {
  const std::string_view root = object.text().substr(0, object.text().find('.'));
  const ImportedName* import = module_.Import(root);
  if (import == nullptr || !import->name.empty() || scope_.IsLocal(root)) return std::nullopt;
  if (object.is("identifier")) return *import;
  if (!object.is("attribute") || import->module != root) return std::nullopt;
  return ImportedName{std::string(object.text()), ""};
}

bool PurityProver::CallsLibrary(const Node& call, const Node& object, const ImportedName& import,
                                std::string_view method) {
  const auto arguments = call.field("arguments").children();
  if (import.module == "heapq" && method.starts_with("heap") && !arguments.empty() &&
      scope_.IsFresh(arguments.front())) {
    proof_.modules.emplace(import.module);
    proof_.names_used.emplace(object.text());
    return true;
  }
  return Trusts(object.text().substr(0, object.text().find('.')), import, method);
}

}  // namespace ratchet::python
