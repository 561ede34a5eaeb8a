#include "adapters/python/expression_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <span>

namespace ratchet::python {
namespace {

constexpr int kNameDepthMax = 12;

bool OpensScope(const Node& node) {
  return node.is("function_definition") || node.is("lambda") || node.is("class_definition");
}

bool IsBuiltin(std::string_view name) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"eval", "exec", "compile", "__import__", "__builtins__", "open", "getattr", "globals",
       "vars", "locals", "input", "int", "float", "len", "str", "bytes", "range", "print"});
  return std::ranges::find(kNames, name) != kNames.end();
}

std::string Plain(std::string name) {
  for (const std::string_view prefix : {"builtins.", "__builtins__."}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

}  // namespace

std::vector<Node> ArgumentsOf(const Node& call) {
  const Node arguments = call.field("arguments");
  return arguments.is("generator_expression") ? std::vector<Node>{arguments} : arguments.children();
}

bool IsConstantName(std::string_view name) {
  const auto is = [](char low, char high) { return [=](char c) { return c >= low && c <= high; }; };
  return std::ranges::any_of(name, is('A', 'Z')) && std::ranges::none_of(name, is('a', 'z'));
}

ExpressionReader::ExpressionReader(const SyntaxTree& tree) {
  scopes_.push_back({.begin = 0, .end = tree.text().size() + 1, .bindings = {}});
  Collect(tree.root(), 0);
}

void ExpressionReader::Collect(const Node& node, size_t scope) {
  BindHere(node, scope);
  if (OpensScope(node)) {
    scopes_.push_back({.begin = node.begin(),
                       .end = node.end(),
                       .outer = scope,
                       .is_class = node.is("class_definition"),
                       .bindings = {}});
    scope = scopes_.size() - 1;
    if (!scopes_[scope].is_class) {
      for (const Node& parameter : node.field("parameters").children()) {
        const Node name = parameter.field("name");
        BindTarget(name.ok()                         ? name
                   : parameter.is("typed_parameter") ? parameter.children()[0]
                                                     : parameter,
                   {.value = {}, .statement = {}}, scope);
      }
    }
  }
  for (const Node& child : node.children()) Collect(child, scope);
}

void ExpressionReader::BindHere(const Node& node, size_t scope) {
  const Node left = node.field("left"), right = node.field("right");
  if (node.is("import_statement") || node.is("import_from_statement")) BindImports(node, scope);
  if (node.is("assignment")) BindTarget(left, {right, node, How::kAssigned}, scope);
  if (node.is("augmented_assignment")) BindTarget(left, {right, node, How::kAppended}, scope);
  if (node.is("for_statement") || node.is("for_in_clause"))
    BindTarget(left, {right, right, How::kEach}, scope);
  if (node.is("named_expression"))
    BindTarget(node.field("name"), {node.field("value"), node, How::kAssigned}, scope);
  if (node.is("as_pattern") && node.children().size() == 2) {
    const Node target = node.children()[1].children().empty() ? node.children()[1]
                                                              : node.children()[1].children()[0];
    BindTarget(target, {node.children()[0], node, How::kAssigned}, scope);
  }
  if (node.is("function_definition") || node.is("class_definition"))
    BindTarget(node.field("name"), {}, scope);
  if (node.is("call")) BindAppended(node, scope);
}

// parts.append(text) adds to the text that "".join(parts) will be.
void ExpressionReader::BindAppended(const Node& call, size_t scope) {
  const Node function = call.field("function"), list = function.field("object");
  const std::string_view method = function.field("attribute").text();
  const std::vector<Node> arguments = ArgumentsOf(call);
  const bool adds = method == "append" || method == "extend";
  if (!adds || arguments.size() != 1 || !scopes_[scope].bindings.contains(list.text())) return;
  BindTarget(list, {arguments[0], call, How::kAppended}, scope);
}

void ExpressionReader::BindImports(const Node& statement, size_t scope) {
  const Node module = statement.field("module_name");
  const auto bind = [&](const std::string& local, const std::string& full) {
    scopes_[scope].imports[local].push_back(full);
    if (scope != 0) scopes_[0].imports[local].push_back(full);  // it may be declared global
  };
  for (const Node& name : statement.children()) {
    if (name == module) continue;
    if (name.is("wildcard_import")) {
      star_imports_.emplace_back(module.text());
      continue;
    }
    const bool aliased = name.is("aliased_import");
    const std::string imported(aliased ? name.field("name").text() : name.text());
    const std::string full = module.ok() ? fmt::format("{}.{}", module.text(), imported) : imported;
    const std::string first = imported.substr(0, imported.find('.'));
    if (aliased) {
      bind(std::string(name.field("alias").text()), full);
    } else {
      bind(module.ok() ? imported : first, module.ok() ? full : first);  // "import a.b" binds a
    }
  }
}

void ExpressionReader::BindTarget(const Node& target, const Binding& binding, size_t scope) {
  if (target.is("identifier")) {
    scopes_[scope].bindings[std::string(target.text())].push_back(binding);
    return;
  }
  if (target.is("attribute") || target.is("subscript")) return;
  const std::vector<Node> names = target.children();
  const std::vector<Node> values = binding.value.children();
  const bool pairwise = binding.how == How::kAssigned && names.size() == values.size() &&
                        (binding.value.is("expression_list") || binding.value.is("tuple"));
  for (size_t i = 0; i < names.size(); ++i) {
    Binding part{.value = {}, .statement = binding.statement};
    if (pairwise) part = {values[i], binding.statement, How::kAssigned};
    BindTarget(names[i], part, scope);
  }
}

template <typename Entry>
const Entry* ExpressionReader::Innermost(std::map<std::string, Entry, std::less<>> Scope::* entries,
                                         std::string_view name, size_t at) const {
  const auto after = std::ranges::upper_bound(scopes_, at, {}, &Scope::begin);
  size_t scope = static_cast<size_t>(after - scopes_.begin()) - 1;
  while (scopes_[scope].end <= at) scope = scopes_[scope].outer;
  for (bool inside_function = false;; scope = scopes_[scope].outer) {
    const Scope& here = scopes_[scope];
    const auto found = (here.*entries).find(name);
    if (found != (here.*entries).end() && !(here.is_class && inside_function))
      return &found->second;
    if (scope == 0) return nullptr;
    inside_function = inside_function || !here.is_class;
  }
}

const std::vector<ExpressionReader::Binding>* ExpressionReader::Lookup(std::string_view name,
                                                                       size_t at) const {
  return Innermost(&Scope::bindings, name, at);
}

std::vector<Node> ExpressionReader::Statements(std::string_view name, size_t at) const {
  std::vector<Node> statements;
  const auto* bindings = Lookup(name, at);
  if (bindings == nullptr) return statements;
  gave_up_ = gave_up_ || bindings->size() > kBindingsMax;
  for (const Binding& binding :
       std::span(*bindings).first(std::min(bindings->size(), kBindingsMax))) {
    if (binding.statement.ok()) statements.push_back(binding.statement);
  }
  return statements;
}

Node ExpressionReader::ValueOf(const Node& name) const {
  if (!name.is("identifier")) return name;
  const auto* bindings = Lookup(name.text(), name.begin());
  if (bindings == nullptr) return {};
  gave_up_ = gave_up_ || bindings->size() > kBindingsMax;
  const auto read = std::span(*bindings).first(std::min(bindings->size(), kBindingsMax));
  const auto given = std::find_if(read.rbegin(), read.rend(),
                                  [](const Binding& b) { return b.how == How::kAssigned; });
  return given == read.rend() ? Node{} : given->value;
}

std::string ExpressionReader::NameOf(const Node& node, int depth) const {
  if (depth > kNameDepthMax) return "?";  // as for `node = node.next`
  if (node.is("identifier")) return NameOfIdentifier(node, depth);
  if (node.is("attribute")) {
    const std::string_view member = node.field("attribute").text();
    return Plain(fmt::format("{}.{}", NameOf(node.field("object"), depth + 1), member));
  }
  if (node.is("call")) return NameOfCall(node, depth);
  if (node.is("parenthesized_expression") && node.children().size() == 1)
    return NameOf(node.children()[0], depth + 1);
  if (node.is("subscript")) {  // __builtins__["eval"], sys.modules["os"], os.__dict__["system"]
    const std::string of = NameOf(node.field("value"), depth + 1);
    std::string key = LiteralOf(node.field("subscript"));
    if (of == "sys.modules") return key;
    if (of == "__builtins__") return key;
    if (of.ends_with(".__dict__")) return Plain(of.substr(0, of.size() - 8) + key);
  }
  return "?";
}

std::string ExpressionReader::NameOfIdentifier(const Node& node, int depth) const {
  const std::string_view name = node.text();
  const auto* bindings = Lookup(name, node.begin());
  if (bindings != nullptr) {
    const Node given = ValueOf(node);
    const std::string value = given.ok() ? NameOf(given, depth + 1) : "?";
    if (!value.starts_with('?')) return value;
  }
  // An import goes before a parameter of the same name: f(os) may be given the module.
  if (const auto* import = Innermost(&Scope::imports, name, node.begin())) return import->back();
  if (bindings != nullptr) return "?";
  if (!star_imports_.empty() && !IsBuiltin(name) && name != "self")
    return fmt::format("{}.{}", star_imports_.back(), name);
  return std::string(name);
}

std::vector<std::string> ExpressionReader::NamesOf(const Node& expression) const {
  std::vector<std::string> names = {NameOf(expression)};
  Node root = expression;
  std::string members;
  while (root.is("attribute")) {
    members = fmt::format(".{}{}", root.field("attribute").text(), members);
    root = root.field("object");
  }
  if (!root.is("identifier")) return names;
  const auto add = [&](const std::string& name) {
    std::string whole = Plain(name + members);
    if (std::ranges::find(names, whole) == names.end()) names.push_back(std::move(whole));
  };
  if (const auto* imports = Innermost(&Scope::imports, root.text(), root.begin())) {
    gave_up_ = gave_up_ || imports->size() > kBindingsMax;
    std::ranges::for_each(*imports | std::views::take(kBindingsMax), add);
  }
  const auto* bindings = Lookup(root.text(), root.begin());
  for (size_t i = 0; bindings != nullptr && i < std::min(bindings->size(), kBindingsMax); ++i) {
    if (bindings->at(i).how == How::kAssigned) add(NameOf(bindings->at(i).value));
  }
  if (names.size() == 1 && bindings == nullptr && !IsBuiltin(root.text())) {
    for (const std::string& module : star_imports_ | std::views::take(kBindingsMax))
      add(fmt::format("{}.{}", module, root.text()));
  }
  return names;
}

std::string ExpressionReader::NameOfCall(const Node& call, int depth) const {
  const std::string function = NameOf(call.field("function"), depth + 1);
  const std::vector<Node> arguments = ArgumentsOf(call);
  if (function == "getattr" && arguments.size() >= 2) {
    const std::string member = LiteralOf(arguments[1]);
    return Plain(fmt::format("{}.{}", NameOf(arguments[0], depth + 1), member));
  }
  if ((function == "importlib.import_module" || function == "__import__") && !arguments.empty())
    return LiteralOf(arguments[0]);
  if (function == "vars" && !arguments.empty())
    return NameOf(arguments[0], depth + 1) + ".__dict__";
  return function + "()";
}

}  // namespace ratchet::python
