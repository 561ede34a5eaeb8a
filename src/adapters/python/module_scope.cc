#include "adapters/python/module_scope.h"

#include <algorithm>
#include <array>

namespace ratchet::python {
namespace {

bool IsBuiltinException(std::string_view name) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"Exception", "ValueError", "TypeError", "KeyError", "IndexError", "LookupError",
       "RuntimeError", "ArithmeticError", "ZeroDivisionError", "OverflowError",
       "NotImplementedError", "AssertionError", "AttributeError", "StopIteration", "UnicodeError",
       "UnicodeDecodeError", "UnicodeEncodeError"});
  return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace

ModuleScope::ModuleScope(const SyntaxTree& tree) {
  for (const Node& statement : tree.root().children()) Bind(statement);
  Walk(tree.root(), [&](const Node& node) {
    if (node.is("identifier")) mentioned_.emplace(node.text());
    if (node.is("global_statement")) {
      for (const Node& name : node.children()) rebound_.emplace(name.text());
    }
    return true;
  });
}

// Statements at module level bind names, also inside if, try, with and loops; functions and classes
// bind only their own name there.
void ModuleScope::Bind(const Node& statement) {
  Walk(statement, [&](const Node& node) {
    if (node.is("function_definition") || node.is("class_definition")) {
      bindings_[std::string(node.field("name").text())].push_back(node);
      return false;
    }
    if (node.is("lambda") || node.type().ends_with("_comprehension") ||
        node.is("generator_expression"))
      return false;
    if (node.is("import_statement") || node.is("import_from_statement") ||
        node.is("future_import_statement")) {
      BindImports(node);
      return false;
    }
    if (node.is("assignment") || node.is("augmented_assignment"))
      BindTarget(node.field("left"), node);
    if (node.is("named_expression")) BindTarget(node.field("name"), node);
    if (node.is("for_statement")) BindTarget(node.field("left"), node);
    if (node.is("as_pattern_target") || node.is("delete_statement")) BindTarget(node, node);
    return true;
  });
}

void ModuleScope::BindImports(const Node& statement) {
  const Node module = statement.field("module_name");
  for (const Node& name : statement.children()) {
    if (name == module) continue;
    if (name.is("wildcard_import")) {
      star_import_ = true;
      continue;
    }
    const bool aliased = name.is("aliased_import");
    const std::string imported(aliased ? name.field("name").text() : name.text());
    std::string local(aliased ? name.field("alias").text() : std::string_view(imported));
    if (!module.ok() && !aliased) local = local.substr(0, local.find('.'));
    bindings_[local].push_back(statement);
    imports_[local] = module.ok() ? ImportedName{std::string(module.text()), imported}
                                  : ImportedName{aliased ? imported : local, ""};
  }
}

void ModuleScope::BindTarget(const Node& target, const Node& by) {
  Walk(target, [&](const Node& node) {
    if (node.is("attribute") || node.is("subscript")) return false;
    if (node.is("identifier")) bindings_[std::string(node.text())].push_back(by);
    return true;
  });
}

size_t ModuleScope::Bindings(std::string_view name) const {
  const auto at = bindings_.find(std::string(name));
  return (at == bindings_.end() ? 0 : at->second.size()) +
         (rebound_.contains(std::string(name)) ? 1 : 0);
}

Node ModuleScope::Function(std::string_view name) const {
  const auto at = bindings_.find(std::string(name));
  if (at == bindings_.end() || Bindings(name) != 1 || star_import_) return {};
  const Node& node = at->second.front();
  const bool at_top = node.is("function_definition") && node.parent().is("module");
  return at_top ? node : Node{};
}

bool ModuleScope::IsConstant(std::string_view name, int depth) const {
  const auto at = bindings_.find(std::string(name));
  if (at == bindings_.end() || Bindings(name) != 1 || star_import_) return false;
  const Node& node = at->second.front();
  const bool at_top =
      node.parent().is("expression_statement") && node.parent().parent().is("module");
  return node.is("assignment") && at_top && node.field("left").is("identifier") &&
         IsImmutable(node.field("right"), depth);
}

bool ModuleScope::IsImmutable(const Node& value, int depth) const {
  if (depth > 8 || !value.ok()) return false;
  static constexpr auto kAtoms =
      std::to_array<std::string_view>({"integer", "float", "true", "false", "none"});
  if (std::ranges::find(kAtoms, value.type()) != kAtoms.end()) return true;
  const auto all = [&](const std::vector<Node>& nodes) {
    return std::ranges::all_of(nodes, [&](const Node& n) { return IsImmutable(n, depth + 1); });
  };
  if (value.is("string")) return StringValue(value).has_value();
  if (value.is("concatenated_string") || value.is("tuple") ||
      value.is("parenthesized_expression") || value.is("unary_operator") ||
      value.is("binary_operator")) {
    return all(value.children());
  }
  if (value.is("identifier")) return IsConstant(value.text(), depth + 1);
  if (!value.is("call")) return false;
  const std::string_view function = value.field("function").text();
  const auto arguments = value.field("arguments").children();
  if (function == "frozenset" || function == "tuple") {
    if (IsBound(function)) return false;
    if (arguments.empty()) return true;
    const Node& only = arguments.front();
    const bool display = only.is("set") || only.is("list") || only.is("tuple");
    return arguments.size() == 1 && (display ? all(only.children()) : IsImmutable(only, depth + 1));
  }
  const ImportedName* re = Import("re");
  if (function == "re.compile" && re != nullptr && re->module == "re" && re->name.empty()) {
    return !arguments.empty() && StringValue(arguments.front()).has_value();
  }
  return false;
}

const ImportedName* ModuleScope::Import(std::string_view name) const {
  const auto at = imports_.find(std::string(name));
  if (at == imports_.end() || Bindings(name) != 1) return nullptr;
  return &at->second;
}

bool ModuleScope::IsPlainException(std::string_view name, int depth) const {
  const auto at = bindings_.find(std::string(name));
  if (at == bindings_.end()) return IsBuiltinException(name) && !star_import_;
  constexpr int kBasesMax = 16;  // classes may name each other in a circle
  if (depth > kBasesMax || Bindings(name) != 1) return false;
  if (!at->second.front().is("class_definition")) return false;
  const Node& definition = at->second.front();
  const auto bases = definition.field("superclasses").children();
  if (bases.size() != 1 || bases.front().text() == name ||
      !IsPlainException(bases.front().text(), depth + 1))
    return false;
  const auto body = definition.field("body").children();
  return std::ranges::all_of(body, [](const Node& s) {
    const bool text =
        s.is("expression_statement") && !s.children().empty() && s.children().front().is("string");
    return s.is("pass_statement") || text;
  });
}

bool AssignsAttribute(const std::string& text, const std::set<std::string>& names) {
  const bool mentioned = std::ranges::any_of(names, [&](const std::string& name) {
    return text.find("." + name) != std::string::npos ||
           text.find("\"" + name) != std::string::npos ||
           text.find("'" + name) != std::string::npos;
  });
  if (!mentioned) return false;
  const SyntaxTree tree(text);
  bool found = false;
  Walk(tree.root(), [&](const Node& node) {
    const bool assigns = node.is("assignment") || node.is("augmented_assignment");
    if (assigns && node.field("left").is("attribute")) {
      found = found || names.contains(std::string(node.field("left").field("attribute").text()));
    }
    if (node.is("call") && node.field("function").text() == "setattr") {
      const auto arguments = node.field("arguments").children();
      const auto name = arguments.size() > 1 ? StringValue(arguments[1]) : std::nullopt;
      found = found || !name || names.contains(*name);
    }
    return !found;
  });
  return found;
}

}  // namespace ratchet::python
