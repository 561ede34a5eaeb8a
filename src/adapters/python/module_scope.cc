#include "adapters/python/module_scope.h"

#include <algorithm>
#include <array>

#include "adapters/python/known_names.h"

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

// Whether the expression around a table gives no way to change it, or to hand it on.
bool OnlyReads(const ModuleScope& module, const Node& table) {
  const Node above = table.parent();
  if (above.is("comparison_operator") || above.is("list_splat") || above.is("dictionary_splat"))
    return true;
  if (above.is("for_statement") || above.is("for_in_clause")) return above.field("right") == table;
  if (above.is("subscript")) {
    static const NameSet kTargets = Words(
        "delete_statement pattern_list tuple_pattern list_pattern as_pattern_target "
        "list_splat_pattern expression_list");
    static const NameSet kAssigning =
        Words("assignment augmented_assignment for_statement for_in_clause");
    const Node user = above.parent();
    const bool assigned = kAssigning.contains(user.type()) && user.field("left") == above;
    return above.field("value") == table && !assigned && !kTargets.contains(user.type());
  }
  if (above.is("attribute")) {
    const bool called = above.parent().is("call") && above.parent().field("function") == above;
    return called && ReadingMethods().contains(above.field("attribute").text());
  }
  static const NameSet kReaders =
      Words("len sorted sum min max any all list tuple set dict frozenset enumerate zip reversed");
  const Node function = above.is("argument_list") ? above.parent().field("function") : Node{};
  return (kReaders.contains(function.text()) && !module.IsBound(function.text())) ||
         function.field("attribute").text() == "join";
}

bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool RemembersResults(const Node& function) {
  const auto parts = function.parent().children();
  return function.parent().is("decorated_definition") && parts.size() == 2 &&
         parts.front().text().starts_with("@_remember_results(");
}

}  // namespace

ModuleScope::ModuleScope(const SyntaxTree& tree) {
  for (const Node& statement : tree.root().children()) Bind(statement);
  Walk(tree.root(), [&](const Node& node) {
    if (node.is("identifier")) {
      mentions_[std::string(node.text())].push_back(node);
      // Python normalises identifiers: other spellings of "len" exist.
      names_are_known_ = names_are_known_ && std::ranges::all_of(node.text(), IsAscii);
    }
    // Binds outside of the comprehension or the default value that it stands in.
    if (node.is("named_expression")) rebound_.emplace(node.field("name").text());
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
    if (node.is("for_statement") || node.is("type_alias_statement"))
      BindTarget(node.field("left"), node);
    if (node.is("as_pattern_target") || node.is("delete_statement") || node.is("case_pattern"))
      BindTarget(node, node);
    return true;
  });
}

void ModuleScope::BindImports(const Node& statement) {
  const Node module = statement.field("module_name");
  for (const Node& name : statement.children()) {
    if (name == module) continue;
    if (name.is("wildcard_import")) {
      names_are_known_ = false;
      continue;
    }
    const bool aliased = name.is("aliased_import");
    const std::string imported(aliased ? name.field("name").text() : name.text());
    std::string local(aliased ? name.field("alias").text() : std::string_view(imported));
    if (!module.ok() && !aliased) local = local.substr(0, local.find('.'));
    ImportedName import = module.ok() ? ImportedName{std::string(module.text()), imported}
                                      : ImportedName{aliased ? imported : local, ""};
    // "import urllib.parse" and "import urllib.request" bind the same object.
    const auto before = imports_.find(local);
    if (before == imports_.end() || before->second != import) bindings_[local].push_back(statement);
    imports_[local] = std::move(import);
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
  if (at == bindings_.end() || Bindings(name) != 1 || !names_are_known_) return {};
  const Node& node = at->second.front();
  if (!node.is("function_definition")) return {};
  const Node above = RemembersResults(node) ? node.parent().parent() : node.parent();
  return above.is("module") ? node : Node{};
}

// The right side of the assignment at the top that is the name's only binding.
Node ModuleScope::OnlyValue(std::string_view name) const {
  const auto at = bindings_.find(std::string(name));
  if (at == bindings_.end() || Bindings(name) != 1 || !names_are_known_) return {};
  const Node& node = at->second.front();
  const bool at_top =
      node.parent().is("expression_statement") && node.parent().parent().is("module");
  const bool plain = node.is("assignment") && at_top && node.field("left").is("identifier");
  return plain ? node.field("right") : Node{};
}

bool ModuleScope::IsConstant(std::string_view name, int depth) const {
  return IsImmutable(OnlyValue(name), depth);
}

bool ModuleScope::IsTable(std::string_view name) const {
  const Node value = OnlyValue(name);
  if (!value.is("list") && !value.is("dictionary") && !value.is("set")) return false;
  // An empty one is there to be filled; a large one takes long to compare at every call
  // (50 us for 128 words).
  constexpr size_t kEntriesMax = 128;
  const size_t entries = value.children().size();
  if (entries == 0 || entries > kEntriesMax) return false;
  // A call gives an object (a pattern) whose content cannot be compared.
  const auto fixed = [&](const Node& part) {
    bool calls = false;
    Walk(part, [&](const Node& node) { return !(calls = calls || node.is("call")); });
    return !calls && IsImmutable(part, 0);
  };
  const bool flat = std::ranges::all_of(value.children(), [&](const Node& part) {
    return part.is("pair") ? std::ranges::all_of(part.children(), fixed) : fixed(part);
  });
  return flat && std::ranges::all_of(mentions_.at(std::string(name)), [&](const Node& mention) {
           const Node above = mention.parent();
           const bool other = (above.is("attribute") && above.field("attribute") == mention) ||
                              (above.is("keyword_argument") && above.field("name") == mention);
           return other || (above.is("assignment") && above.field("right") == value) ||
                  OnlyReads(*this, mention);
         });
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
  if (at == bindings_.end()) return IsBuiltinException(name) && names_are_known_;
  constexpr int kBasesMax = 16;  // classes may name each other in a circle
  if (depth > kBasesMax || Bindings(name) != 1) return false;
  const Node& definition = at->second.front();
  if (!definition.is("class_definition") || definition.parent().is("decorated_definition"))
    return false;
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

bool ModuleScope::IsOwnFailure(std::string_view name) const {
  const bool wide = name == "Exception" || name == "RuntimeError";
  return IsPlainException(name) && !(wide && !IsBound(name));
}

}  // namespace ratchet::python
