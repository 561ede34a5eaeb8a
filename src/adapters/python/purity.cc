#include "adapters/python/purity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "adapters/python/function_scope.h"
#include "adapters/python/known_names.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

// Nodes that are harmless if everything below them is.
const NameSet kStructure = {"block",
                            "expression_statement",
                            "return_statement",
                            "if_statement",
                            "elif_clause",
                            "else_clause",
                            "while_statement",
                            "try_statement",
                            "except_clause",
                            "finally_clause",
                            "pass_statement",
                            "break_statement",
                            "continue_statement",
                            "assert_statement",
                            "parenthesized_expression",
                            "conditional_expression",
                            "boolean_operator",
                            "not_operator",
                            "binary_operator",
                            "unary_operator",
                            "list",
                            "tuple",
                            "set",
                            "dictionary",
                            "pair",
                            "list_splat",
                            "dictionary_splat",
                            "expression_list",
                            "slice",
                            "subscript",
                            "string",
                            "concatenated_string",
                            "interpolation",
                            "format_specifier",
                            "format_expression",
                            "if_clause",
                            "argument_list",
                            "keyword_separator",
                            "as_pattern",
                            "as_pattern_target",
                            "named_expression"};
const NameSet kAtoms = {
    "integer",         "float",          "true",       "false",           "none",
    "string_start",    "string_content", "string_end", "escape_sequence", "escape_interpolation",
    "type_conversion", "comment",        "type",       "ellipsis"};

struct Refusal {
  int line;
  std::string why;
};

class Prover {
 public:
  // `stack` names the functions whose proofs wait for this one.
  Prover(const ModuleScope& module, const Node& function, PurityProof& proof,
         std::vector<std::string> stack)
      : module_(module),
        function_(function),
        scope_(module, function),
        proof_(proof),
        stack_(std::move(stack)) {}

  std::optional<Refusal> Prove() {
    const Node& function = function_;
    const std::string name(function.field("name").text());
    if (std::ranges::find(stack_, name) != stack_.end()) {
      return Refusal{function.line(), name + " calls itself"};
    }
    stack_.push_back(name);
    proof_.names_used.insert(name);
    if (function.tokens().front().text() == "async")
      return Refusal{function.line(), "it is asynchronous"};
    if (function.parent().is("decorated_definition"))
      return Refusal{function.line(), name + " is decorated"};
    for (const Node& parameter : function.field("parameters").children()) CheckParameter(parameter);
    Visit(function.field("body"));
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
    const std::string_view type = parameter.field("type").text();
    for (const std::string_view callable : {"Callable", "Iterator", "Generator", "Iterable"}) {
      if (type.find(callable) != std::string_view::npos) {
        Refuse(parameter,
               fmt::format("the argument {} has no value that can be compared", parameter.text()));
      }
    }
    const Node value = parameter.field("value");
    const Node named = parameter.is("identifier") || parameter.children().empty()
                           ? parameter
                           : parameter.children().front();
    const std::string name = Lowercase(named.text());
    for (const char* secret : {"password", "passwd", "secret", "token", "credential"}) {
      if (name.find(secret) != std::string::npos)
        Refuse(parameter, fmt::format("{} would be kept in memory", name));
    }
    const bool plain = !value.ok() || value.is("integer") || value.is("float") ||
                       value.is("true") || value.is("false") || value.is("none") ||
                       value.is("unary_operator") || StringValue(value).has_value() ||
                       (value.is("tuple") && value.children().empty()) ||
                       (value.is("identifier") && module_.IsConstant(value.text()));
    if (!plain) Refuse(parameter, fmt::format("the default {} can change", value.text()));
    if (value.is("identifier")) proof_.names_used.emplace(value.text());
  }

  void VisitAll(const std::vector<Node>& nodes) {
    for (const Node& node : nodes) Visit(node);
  }

  void Visit(const Node& node) {
    if (refusal_ || !node.ok() || kAtoms.contains(node.type())) return;
    if (node.is("identifier")) return Read(node);
    if (node.is("call")) return Call(node);
    if (node.is("attribute")) return Attribute(node);
    if (node.is("assignment")) return Assignment(node);
    if (node.is("augmented_assignment")) return AugmentedAssignment(node);
    if (node.is("delete_statement")) return Delete(node);
    if (node.is("for_statement")) return For(node);
    if (node.is("lambda")) return Lambda(node);
    if (node.is("comparison_operator")) return Comparison(node);
    if (node.is("raise_statement")) return Raise(node);
    if (node.is("except_clause")) return Except(node);
    if (node.type().ends_with("_comprehension") || node.is("generator_expression"))
      return Comprehension(node);
    if (node.is("as_pattern_target")) return;
    if (node.is("named_expression")) return Visit(node.field("value"));
    if (node.is("while_statement")) proof_.does_work = true;
    if (node.is("format_specifier") && node.text().ends_with("n"))
      return Refuse(node, "it formats by the locale");
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
    if (node.is("function_definition") || node.is("class_definition"))
      return "it defines something inside";
    return fmt::format("it has a {} that the proof does not know",
                       ReplaceAll(std::string(node.type()), "_", " "));
  }

  // --- Names ------------------------------------------------------------------------------------

  void Read(const Node& name) {
    const std::string_view text = name.text();
    if (scope_.IsLocal(text)) return;
    if (module_.IsConstant(text)) {
      proof_.names_used.emplace(text);
      return;
    }
    if (const ImportedName* import = module_.Import(text); import != nullptr) {
      if (!import->name.empty() && Trusts(import->module, import->name)) return;
      return Refuse(
          name, fmt::format("it uses {}, which was imported and is not known to be pure", text));
    }
    if (const Node function = module_.Function(text); function.ok())
      return ProveCallee(name, function);
    if (module_.IsBound(text)) {
      return Refuse(name, fmt::format("it reads {}, which can change", text));
    }
    if (PureBuiltins().contains(text) || BuiltinTypes().contains(text) ||
        module_.IsPlainException(text))
      return;
    Refuse(name, fmt::format("it uses {}, which is not known to be pure", text));
  }

  // A name of the standard library; whether the module is that one, the caller asks of the
  // component.
  bool Trusts(std::string_view module, std::string_view name) {
    if (!IsPureLibrary(module, name)) return false;
    proof_.modules.emplace(module.substr(0, module.find('.')));
    return true;
  }

  void ProveCallee(const Node& at, const Node& function) {
    PurityProof callee;
    Prover prover(module_, function, callee, stack_);
    if (const auto refusal = prover.Prove()) {
      return Refuse(at, fmt::format("it calls {}, and there (line {}) {}", at.text(), refusal->line,
                                    refusal->why));
    }
    proof_.names_used.merge(callee.names_used);
    proof_.modules.merge(callee.modules);
    proof_.does_work = proof_.does_work || callee.does_work;
  }

  void Attribute(const Node& node) {
    const std::string_view object = node.field("object").text();
    const std::string_view name = node.field("attribute").text();
    const ImportedName* import = scope_.IsLocal(object) ? nullptr : module_.Import(object);
    if (import != nullptr && import->name.empty() && Trusts(import->module, name)) return;
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
      const bool lambdas =
          scope_.IsOwnLocal(name) && !scope_.IsForeign(name) && !values.empty() &&
          std::ranges::all_of(values, [](const Node& v) { return v.is("lambda"); });
      if (!lambdas) Refuse(call, fmt::format("it calls {}, which may be anything", name));
      return;
    }
    static const NameSet kWorking = {"sorted", "sum", "map", "filter"};
    proof_.does_work = proof_.does_work || kWorking.contains(name);
    const auto arguments = call.field("arguments").children();
    if (name == "format" && arguments.size() > 1) {
      const auto format = StringValue(arguments[1]);
      if (!format || format->ends_with('n'))
        return Refuse(call, "it formats by the locale or by a format that is not known");
    }
    Read(function);
  }

  void CallMethod(const Node& call, const Node& function) {
    const Node object = function.field("object");
    const std::string_view method = function.field("attribute").text();
    if (!scope_.IsLocal(object.text())) {
      const ImportedName* import = module_.Import(object.text());
      if (import != nullptr && import->name.empty()) {
        proof_.does_work = proof_.does_work || object.text() == "re" || object.text() == "json" ||
                           object.text() == "difflib";
        if (import->module == "heapq" &&
            (method == "heappush" || method == "heappop" || method == "heapify")) {
          const auto arguments = call.field("arguments").children();
          proof_.modules.emplace(import->module);
          if (!arguments.empty() && scope_.IsFresh(arguments.front())) return;
        }
        if (Trusts(import->module, method)) return;
        return Refuse(call, fmt::format("it calls {}.{}, which is not known to be pure",
                                        object.text(), method));
      }
      // "urllib.parse.quote(...)": the module was imported under its full name.
      if (object.is("attribute") &&
          module_.Import(object.text().substr(0, object.text().find('.'))) != nullptr) {
        if (Trusts(object.text(), method)) return;
        return Refuse(call,
                      fmt::format("it calls {}, which is not known to be pure", function.text()));
      }
    }
    if (BuiltinTypes().contains(object.text()) && !scope_.IsLocal(object.text()) &&
        !module_.IsBound(object.text()) &&
        (method == "fromkeys" || method == "maketrans" || method == "fromhex" ||
         method == "from_bytes")) {
      return;
    }
    Visit(object);
    if (ReadingMethods().contains(method)) return CheckHiddenState(call, object, method);
    if (!MutatingMethods().contains(method)) {
      return Refuse(call,
                    fmt::format("it calls the method {}, which is not known to be pure", method));
    }
    if (scope_.IsFresh(object)) return;
    Refuse(call,
           fmt::format("{} changes a value that others may see", call.field("function").text()));
  }

  // The locale and the registry of codecs are state of the interpreter.
  void CheckHiddenState(const Node& call, const Node& object, std::string_view method) {
    if (method == "format" || method == "format_map") {
      const auto literal = StringValue(object);
      if (!literal || literal->find("n}") != std::string::npos)
        Refuse(call, "it formats by the locale or by a format that is not known");
    }
    if (method == "encode" || method == "decode") {
      static const NameSet kCodecs = {"utf-8",      "utf8",   "ascii",  "latin-1", "latin1",
                                      "iso-8859-1", "utf-16", "utf-32", "UTF-8",   "ASCII"};
      const auto arguments = call.field("arguments").children();
      const auto codec =
          arguments.empty() ? std::optional<std::string>("utf-8") : StringValue(arguments.front());
      if (!codec || !kCodecs.contains(*codec))
        Refuse(call, "it uses a codec that can be registered anew");
    }
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
      proof_.names_used.emplace(type.text());
      if (what.is("call")) VisitAll(what.field("arguments").children());
    }
  }

  void Except(const Node& node) {
    for (const Node& part : node.children()) {
      if (part.is("block")) {
        Visit(part);
        continue;
      }
      const Node types = part.is("as_pattern") ? part.children().front() : part;
      const auto each = types.is("tuple") ? types.children() : std::vector<Node>{types};
      for (const Node& type : each) {
        if (!module_.IsPlainException(type.text()))
          Refuse(type, fmt::format("it catches {}", type.text()));
      }
    }
  }

  const ModuleScope& module_;
  const Node function_;
  FunctionScope scope_;
  PurityProof& proof_;
  std::vector<std::string> stack_;
  std::optional<Refusal> refusal_;
};

}  // namespace

Result<PurityProof> ProvePure(const ModuleScope& module, const Node& function) {
  PurityProof proof;
  Prover prover(module, function, proof, {});
  if (const auto refusal = prover.Prove()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("line {}: {}", refusal->line, refusal->why));
  }
  return proof;
}

}  // namespace ratchet::python
