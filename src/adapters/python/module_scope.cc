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

namespace {

bool IsSelf(const Node& node) { return node.text() == "self" || node.text() == "cls"; }

// globals(), vars(module), module.__dict__; not an object's own attributes.
bool IsNamespace(const Node& node) {
  if (node.is("call")) {
    const std::string_view function = node.field("function").text();
    const auto arguments = node.field("arguments").children();
    const bool of_self = arguments.size() == 1 && IsSelf(arguments.front());
    return function == "globals" || (function == "vars" && !of_self);
  }
  return node.is("attribute") && node.field("attribute").text() == "__dict__" &&
         !IsSelf(node.field("object"));
}

class RebindSearch {
 public:
  explicit RebindSearch(const std::set<std::string>& names) : names_(names) {}

  bool In(const SyntaxTree& tree) {
    Walk(tree.root(), [&](const Node& node) {
      if (node.is("assignment") || node.is("augmented_assignment") || node.is("for_statement") ||
          node.is("for_in_clause"))
        Target(node.field("left"));
      if (node.is("as_pattern_target") || node.is("delete_statement")) Target(node);
      // What becomes of a namespace that has got another name is not followed.
      if (node.is("assignment") && IsNamespace(node.field("right"))) found_ = true;
      if (node.is("augmented_assignment") && IsNamespace(node.field("left"))) found_ = true;
      if (node.is("call")) Call(node);
      return !found_;
    });
    return found_;
  }

 private:
  // A key that is not known may be any of the names.
  void Named(const Node& key) {
    const auto name = StringValue(key);
    found_ = found_ || !name || names_.contains(*name);
  }

  void Target(const Node& target) {
    Walk(target, [&](const Node& node) {
      if (node.is("attribute"))
        found_ = found_ || names_.contains(std::string(node.field("attribute").text()));
      if (node.is("subscript") && IsNamespace(node.field("value"))) Named(node.field("subscript"));
      return !found_;
    });
  }

  void Call(const Node& call) {
    const Node function = call.field("function");
    const auto arguments = call.field("arguments").children();
    const bool of_self = !arguments.empty() && IsSelf(arguments.front());
    if ((function.text() == "setattr" || function.text() == "delattr") && !of_self)
      Named(arguments.size() > 1 ? arguments[1] : Node{});
    found_ = found_ || std::ranges::any_of(arguments, IsNamespace);
    if (!function.is("attribute")) return;
    const std::string_view called = function.field("attribute").text();
    const bool of_super = function.field("object").text().starts_with("super()");
    if ((called == "__setattr__" || called == "__delattr__") && !of_super && !of_self &&
        !IsSelf(function.field("object")))
      Named(arguments.empty() ? Node{} : arguments.front());
    if (!IsNamespace(function.field("object"))) return;
    static constexpr auto kChanging = std::to_array<std::string_view>(
        {"update", "setdefault", "pop", "popitem", "clear", "__setitem__", "__delitem__"});
    found_ = found_ || std::ranges::find(kChanging, called) != kChanging.end();
  }

  const std::set<std::string>& names_;
  bool found_ = false;
};

}  // namespace

bool MayRebind(const std::string& text, const std::set<std::string>& names) {
  // Most files mention none of it, and need no parsing.
  const auto mentions = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  const bool possible =
      mentions("setattr") || mentions("delattr") || mentions("globals") || mentions("vars") ||
      mentions("__dict__") ||
      std::ranges::any_of(names, [&](const std::string& name) { return mentions("." + name); });
  return possible && RebindSearch(names).In(SyntaxTree(text));
}

}  // namespace ratchet::python
