#include "adapters/python/purity.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "adapters/python/function_scope.h"
#include "adapters/python/hidden_state.h"
#include "adapters/python/known_names.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

// Nodes that are harmless if everything below them is.
const NameSet kStructure = Words(
    "block expression_statement return_statement if_statement elif_clause else_clause "
    "while_statement try_statement finally_clause pass_statement break_statement "
    "continue_statement assert_statement parenthesized_expression conditional_expression "
    "boolean_operator not_operator binary_operator unary_operator list tuple set dictionary pair "
    "list_splat dictionary_splat expression_list slice subscript string concatenated_string "
    "interpolation format_specifier format_expression if_clause argument_list keyword_separator "
    "as_pattern named_expression");
const NameSet kAtoms = Words(
    "integer float true false none string_start string_content string_end escape_sequence "
    "escape_interpolation type_conversion comment line_continuation type ellipsis");

struct Refusal {
  int line;
  std::string why;
};

// What the proofs of a function and of those that it calls have in common.
struct Progress {
  PurityProof proof;
  std::vector<std::string> waiting;  // for the proof of what they call
  std::set<std::string> proved;
};

class Prover {
 public:
  Prover(const ModuleScope& module, const Node& function, Progress& progress,
         const FunctionScope* outer = nullptr)
      : module_(module),
        function_(function),
        scope_(module, function, outer),
        progress_(progress),
        proof_(progress.proof) {}

  std::optional<Refusal> Prove() {
    const std::string name(function_.field("name").text());
    if (progress_.proved.contains(name)) return std::nullopt;
    if (std::ranges::find(progress_.waiting, name) != progress_.waiting.end())
      return Refusal{function_.line(), name + " calls itself"};
    progress_.waiting.push_back(name);
    ProveItself();
    progress_.waiting.pop_back();
    if (!refusal_) progress_.proved.insert(name);
    return refusal_;
  }

  std::optional<Refusal> ProveItself() {
    if (function_.tokens().front().text() == "async") Refuse(function_, "it is asynchronous");
    for (const Node& parameter : function_.field("parameters").children())
      CheckParameter(parameter);
    Visit(function_.field("body"));
    return refusal_;
  }

 private:
  void Refuse(const Node& node, std::string why) {
    if (!refusal_) refusal_ = Refusal{node.line(), std::move(why)};
  }

  void CheckParameter(const Node& parameter) {
    if (parameter.is("list_splat_pattern") || parameter.is("dictionary_splat_pattern")) {
      Refuse(parameter, "it takes any number of arguments");
    }
    const Node value = parameter.field("value");
    const bool plain = !value.ok() || value.is("integer") || value.is("float") ||
                       value.is("true") || value.is("false") || value.is("none") ||
                       value.is("unary_operator") || StringValue(value).has_value() ||
                       (value.is("tuple") && value.children().empty()) ||
                       (value.is("identifier") && module_.IsConstant(value.text()));
    if (!plain) Refuse(parameter, fmt::format("the default {} can change", value.text()));
  }

  void VisitAll(const std::vector<Node>& nodes) {
    for (const Node& node : nodes) Visit(node);
  }

  void Visit(const Node& node) {
    if (refusal_ || !node.ok() || kAtoms.contains(node.type())) return;
    if (const auto hidden = HiddenState(module_, scope_, node); !hidden.empty())
      return Refuse(node, std::string(hidden));
    if (node.is("identifier")) return Read(node);
    if (node.is("call")) return Call(node);
    if (node.is("attribute")) return Attribute(node);
    if (node.is("assignment")) return Assignment(node);
    if (node.is("augmented_assignment")) return AugmentedAssignment(node);
    if (node.is("delete_statement")) return Delete(node);
    if (node.is("for_statement")) return For(node);
    if (node.is("lambda")) return Lambda(node);
    if (node.is("function_definition")) return Nested(node);
    if (node.is("comparison_operator")) return Comparison(node);
    if (node.is("raise_statement")) return Raise(node);
    if (node.is("except_clause")) return Except(node);
    if (node.is("finally_clause")) CheckFinally(node);
    if (node.type().ends_with("_comprehension") || node.is("generator_expression"))
      return Comprehension(node);
    if (node.is("as_pattern_target")) return;
    if (node.is("named_expression")) return Visit(node.field("value"));
    if (node.is("while_statement")) proof_.does_work = true;
    if (node.is("pattern_list") || node.is("tuple_pattern") || node.is("list_pattern")) return;
    if (!kStructure.contains(node.type())) return Refuse(node, Unknown(node));
    VisitAll(node.children());
  }

  static std::string Unknown(const Node& node) {
    if (node.is("global_statement") || node.is("nonlocal_statement"))
      return "it writes names outside of it";
    if (node.is("yield")) return "it is a generator";
    if (node.is("await")) return "it waits for something";
    if (node.is("with_statement")) return "it enters a context";
    if (node.is("import_statement") || node.is("import_from_statement"))
      return "it imports while it runs";
    if (node.is("class_definition") || node.is("decorated_definition"))
      return "it defines a class or something decorated inside";
    return fmt::format("it has a {} that the proof does not know",
                       ReplaceAll(std::string(node.type()), "_", " "));
  }

  // --- Names ------------------------------------------------------------------------------------

  void Read(const Node& name) {
    const std::string_view text = name.text();
    if (scope_.IsLocal(text)) return;
    if (module_.IsConstant(text) || module_.IsTable(text)) {
      proof_.names_used.emplace(text);
      return;
    }
    if (const ImportedName* import = module_.Import(text); import != nullptr) {
      if (!import->name.empty() && Trusts(text, *import, import->name)) return;
      return Refuse(
          name, fmt::format("it uses {}, which was imported and is not known to be pure", text));
    }
    if (const Node function = module_.Function(text); function.ok())
      return ProveCallee(name, function);
    if (module_.IsBound(text)) {
      return Refuse(name, fmt::format("it reads {}, which can change", text));
    }
    const bool called = name.parent().is("call") && name.parent().field("function") == name;
    if (text == "format" && !called) return Refuse(name, "it formats by what is not known");
    if (PureBuiltins().contains(text) || BuiltinTypes().contains(text) ||
        module_.IsPlainException(text))
      return;
    Refuse(name, fmt::format("it uses {}, which is not known to be pure", text));
  }

  // A name of the standard library, imported as `local` or from what is; whether the module is
  // that one, the caller asks of the component.
  bool Trusts(std::string_view local, const ImportedName& import, std::string_view name) {
    if (!IsPureLibrary(import.module, name)) return false;
    static const NameSet kWorking =
        Words("re json difflib hashlib heapq statistics textwrap itertools collections zlib");
    proof_.does_work = proof_.does_work || (kWorking.contains(import.module) && name != "compile");
    proof_.modules.emplace(import.module.substr(0, import.module.find('.')));
    proof_.names_used.emplace(local);
    return true;
  }

  void ProveCallee(const Node& at, const Node& function) {
    proof_.names_used.emplace(at.text());
    if (const auto refusal = Prover(module_, function, progress_).Prove()) {
      Refuse(at, fmt::format("it calls {}, and there (line {}) {}", at.text(), refusal->line,
                             refusal->why));
    }
  }

  void Attribute(const Node& node) {
    const std::string_view object = node.field("object").text();
    const std::string_view name = node.field("attribute").text();
    const ImportedName* import = scope_.IsLocal(object) ? nullptr : module_.Import(object);
    if (import != nullptr && import->name.empty() && Trusts(object, *import, name)) return;
    Refuse(node, fmt::format("it reads the attribute {}, which can change", node.text()));
  }

  // --- Calls ------------------------------------------------------------------------------------

  void Call(const Node& call) {
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

  void CallName(const Node& call, const Node& function) {
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

  void CallMethod(const Node& call, const Node& function) {
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
  std::optional<ImportedName> ModuleOf(const Node& object) const {
    const std::string_view root = object.text().substr(0, object.text().find('.'));
    const ImportedName* import = module_.Import(root);
    if (import == nullptr || !import->name.empty() || scope_.IsLocal(root)) return std::nullopt;
    if (object.is("identifier")) return *import;
    if (!object.is("attribute") || import->module != root) return std::nullopt;
    return ImportedName{std::string(object.text()), ""};
  }

  bool CallsLibrary(const Node& call, const Node& object, const ImportedName& import,
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

  // --- Statements -------------------------------------------------------------------------------

  void Target(const Node& target) {
    if (target.is("identifier") || !target.ok()) return;
    if (target.is("subscript")) {
      VisitAll(target.children());
      if (!scope_.IsFresh(target.field("value"))) {
        Refuse(target,
               fmt::format("it changes {}, which others may see", target.field("value").text()));
      }
      return;
    }
    if (target.is("attribute"))
      return Refuse(target, fmt::format("it changes {}, which others may see", target.text()));
    for (const Node& part : target.children()) Target(part);
  }

  void Assignment(const Node& node) {
    Target(node.field("left"));
    Visit(node.field("right"));
  }

  void AugmentedAssignment(const Node& node) {
    const Node left = node.field("left"), right = node.field("right");
    Visit(right);
    if (left.is("identifier")) {
      // On a list this changes the list itself, so the value must be ours.
      const bool number =
          right.is("integer") || right.is("float");  // a list refuses to have a number added
      const bool ours = number || scope_.IsFresh(left) || scope_.IsScalarParameter(left.text());
      if (!ours) Refuse(node, fmt::format("{} may change an argument", node.text()));
      return;
    }
    if (left.is("subscript")) {
      VisitAll(left.children());
      const bool number = right.is("integer") || right.is("float");
      const bool ours = scope_.IsFresh(left.field("value")) &&
                        (number || scope_.OwnsElements(left.field("value")));
      if (!ours) Refuse(node, fmt::format("{} may change a value that others see", left.text()));
      return;
    }
    Refuse(node, fmt::format("it changes {}, which others may see", left.text()));
  }

  void Delete(const Node& node) {
    for (const Node& target : node.children()) Target(target);
  }

  void For(const Node& node) {
    proof_.does_work = true;
    if (node.tokens().front().text() == "async") return Refuse(node, "it waits for something");
    Target(node.field("left"));
    Visit(node.field("right"));
    Visit(node.field("body"));
    Visit(node.field("alternative"));
  }

  void Comprehension(const Node& node) {
    proof_.does_work = true;
    std::set<std::string> names;
    for (const Node& clause : node.children()) {
      if (!clause.is("for_in_clause")) continue;
      if (clause.tokens().front().text() == "async") return Refuse(node, "it waits for something");
      Walk(clause.field("left"), [&](const Node& n) {
        if (n.is("identifier")) names.emplace(n.text());
        return true;
      });
    }
    // The first iterable is evaluated outside, where the comprehension's names do not exist yet.
    bool first = true;
    std::vector<Node> inside;
    for (const Node& part : node.children()) {
      if (part.is("for_in_clause")) {
        if (first) {
          Visit(part.field("right"));
        } else {
          inside.push_back(part.field("right"));
        }
        first = false;
      } else {
        inside.push_back(part);
      }
    }
    scope_.Enter(std::move(names));
    VisitAll(inside);
    scope_.Leave();
  }

  void Lambda(const Node& node) {
    std::set<std::string> names;
    for (const Node& parameter : node.field("parameters").children()) {
      if (!parameter.is("identifier"))
        return Refuse(node, "it has a lambda with default or starred arguments");
      names.emplace(parameter.text());
    }
    scope_.Enter(std::move(names));
    Visit(node.field("body"));
    scope_.Leave();
  }

  // Its annotations are evaluated whenever it is defined.
  void Nested(const Node& node) {
    const auto refuse_calls = [&](const Node& part) {
      if (part.is("call")) Refuse(part, "it computes an annotation");
      return true;
    };
    for (const Node& parameter : node.field("parameters").children())
      Walk(parameter.field("type"), refuse_calls);
    Walk(node.field("return_type"), refuse_calls);
    if (!refusal_) refusal_ = Prover(module_, node, progress_, &scope_).ProveItself();
  }

  // Identity says more than equality: the remembered copy is equal, not the same.
  void Comparison(const Node& node) {
    const auto tokens = node.tokens();
    for (size_t i = 1; i + 1 < tokens.size(); ++i) {
      if (tokens[i].text() != "is" && tokens[i].text() != "is not") continue;
      const Node& right = tokens[i + 1];
      if (!right.is("none") && !right.is("true") && !right.is("false")) {
        return Refuse(node, "it asks whether two values are the same object");
      }
    }
    VisitAll(node.children());
  }

  void Raise(const Node& node) {
    for (const Node& what : node.children()) {
      const Node type = what.is("call") ? what.field("function") : what;
      if (!module_.IsPlainException(type.text()) && !scope_.IsOwnLocal(type.text())) {
        return Refuse(node, fmt::format("it raises {}, which may do more than fail", type.text()));
      }
      if (module_.IsBound(type.text())) proof_.names_used.emplace(type.text());
      if (what.is("call")) VisitAll(what.field("arguments").children());
    }
  }

  // What is caught must come from the arguments alone: a time limit, a full stack or a lack of
  // memory that is turned into a result would be remembered.
  void Except(const Node& node) {
    bool selective = false;
    for (const Node& part : node.children()) {
      if (part.is("block")) {
        Visit(part);
        continue;
      }
      selective = true;
      const Node types = part.is("as_pattern") ? part.children().front() : part;
      const auto each = types.is("tuple") ? types.children() : std::vector<Node>{types};
      for (const Node& type : each) {
        if (!module_.IsOwnFailure(type.text()) || scope_.IsLocal(type.text()))
          Refuse(type, fmt::format("it catches {}, which may come from elsewhere", type.text()));
        if (module_.IsBound(type.text())) proof_.names_used.emplace(type.text());
      }
    }
    if (!selective) Refuse(node, "it catches everything, also what comes from elsewhere");
  }

  void CheckFinally(const Node& clause) {
    Walk(clause, [&](const Node& node) {
      if (node.is("return_statement") || node.is("break_statement") ||
          node.is("continue_statement"))
        Refuse(node, "it leaves `finally`, which swallows failures that come from elsewhere");
      return true;
    });
  }

  const ModuleScope& module_;
  const Node function_;
  FunctionScope scope_;
  Progress& progress_;
  PurityProof& proof_;
  std::optional<Refusal> refusal_;
};

}  // namespace

Result<PurityProof> ProvePure(const ModuleScope& module, const Node& function) {
  Progress progress;
  if (const auto refusal = Prover(module, function, progress).Prove()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("line {}: {}", refusal->line, refusal->why));
  }
  return std::move(progress.proof);
}

}  // namespace ratchet::python
