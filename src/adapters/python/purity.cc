#include "adapters/python/purity.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "adapters/python/hidden_state.h"
#include "adapters/python/known_names.h"
#include "adapters/python/purity_prover.h"
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

}  // namespace

std::optional<Refusal> PurityProver::Prove() {
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

std::optional<Refusal> PurityProver::ProveItself() {
  if (function_.tokens().front().text() == "async") Refuse(function_, "it is asynchronous");
  for (const Node& parameter : function_.field("parameters").children()) CheckParameter(parameter);
  Visit(function_.field("body"));
  return refusal_;
}

void PurityProver::Refuse(const Node& node, std::string why) {
  if (!refusal_) refusal_ = Refusal{node.line(), std::move(why)};
}

void PurityProver::CheckParameter(const Node& parameter) {
  if (parameter.is("list_splat_pattern") || parameter.is("dictionary_splat_pattern")) {
    Refuse(parameter, "it takes any number of arguments");
  }
  const Node value = parameter.field("value");
  const bool plain = !value.ok() || value.is("integer") || value.is("float") || value.is("true") ||
                     value.is("false") || value.is("none") || value.is("unary_operator") ||
                     StringValue(value).has_value() ||
                     (value.is("tuple") && value.children().empty()) ||
                     (value.is("identifier") && module_.IsConstant(value.text()));
  if (!plain) Refuse(parameter, fmt::format("the default {} can change", value.text()));
}

void PurityProver::VisitAll(const std::vector<Node>& nodes) {
  for (const Node& node : nodes) Visit(node);
}

void PurityProver::Visit(const Node& node) {
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

std::string PurityProver::Unknown(const Node& node) {
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

void PurityProver::Read(const Node& name) {
  const std::string_view text = name.text();
  if (scope_.IsLocal(text)) return;
  if (module_.IsConstant(text) || module_.IsTable(text)) {
    proof_.names_used.emplace(text);
    return;
  }
  if (const ImportedName* import = module_.Import(text); import != nullptr) {
    if (!import->name.empty() && Trusts(text, *import, import->name)) return;
    return Refuse(name,
                  fmt::format("it uses {}, which was imported and is not known to be pure", text));
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
bool PurityProver::Trusts(std::string_view local, const ImportedName& import,
                          std::string_view name) {
  if (!IsPureLibrary(import.module, name)) return false;
  static const NameSet kWorking =
      Words("re json difflib hashlib heapq statistics textwrap itertools collections zlib");
  proof_.does_work = proof_.does_work || (kWorking.contains(import.module) && name != "compile");
  proof_.modules.emplace(import.module.substr(0, import.module.find('.')));
  proof_.names_used.emplace(local);
  return true;
}

void PurityProver::ProveCallee(const Node& at, const Node& function) {
  proof_.names_used.emplace(at.text());
  if (const auto refusal = PurityProver(module_, function, progress_).Prove()) {
    Refuse(at, fmt::format("it calls {}, and there (line {}) {}", at.text(), refusal->line,
                           refusal->why));
  }
}

void PurityProver::Attribute(const Node& node) {
  const std::string_view object = node.field("object").text();
  const std::string_view name = node.field("attribute").text();
  const ImportedName* import = scope_.IsLocal(object) ? nullptr : module_.Import(object);
  if (import != nullptr && import->name.empty() && Trusts(object, *import, name)) return;
  Refuse(node, fmt::format("it reads the attribute {}, which can change", node.text()));
}

Result<PurityProof> ProvePure(const ModuleScope& module, const Node& function) {
  ProofProgress progress;
  if (const auto refusal = PurityProver(module, function, progress).Prove()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("line {}: {}", refusal->line, refusal->why));
  }
  return std::move(progress.proof);
}

}  // namespace ratchet::python
