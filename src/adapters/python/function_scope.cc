#include "adapters/python/function_scope.h"

#include <algorithm>

#include "adapters/python/known_names.h"

namespace ratchet::python {
namespace {

// Constructors of containers whose elements are all their own.
const NameSet kOwnElements = {"int", "float", "list", "dict", "set", "str"};

bool StartsWithOwnElements(const Node& value) {
  if ((value.is("list") || value.is("dictionary") || value.is("set")) && value.children().empty())
    return true;
  if (value.is("list_comprehension") || value.is("dictionary_comprehension")) {
    const Node body = value.field("body");
    const Node element = body.is("pair") ? body.field("value") : body;
    static const NameSet kOwn = {"list", "dictionary", "set", "integer", "float", "string"};
    const bool repeated = element.is("binary_operator") && element.field("left").is("list");
    return (kOwn.contains(element.type()) && element.children().empty()) ||
           (repeated && StartsWithOwnElements(element));
  }
  if (value.is("binary_operator") && value.field("left").is("list")) {
    const auto elements = value.field("left").children();
    return std::ranges::all_of(elements,
                               [](const Node& e) { return e.is("integer") || e.is("float"); });
  }
  if (!value.is("call")) return false;
  std::string_view name = value.field("function").text();
  if (name.starts_with("collections.")) name.remove_prefix(12);
  const auto arguments = value.field("arguments").children();
  if (name == "Counter" ||
      ((name == "dict" || name == "list" || name == "set") && arguments.empty()))
    return true;
  return name == "defaultdict" && arguments.size() == 1 &&
         kOwnElements.contains(arguments.front().text());
}

}  // namespace

FunctionScope::FunctionScope(const ModuleScope& module, const Node& function,
                             const FunctionScope* outer)
    : module_(module), function_(function), outer_(outer) {
  for (const Node& parameter : function.field("parameters").children()) AddParameter(parameter);
  Walk(function.field("body"), [&](const Node& node) {
    if (node.is("lambda") || node.type().ends_with("_comprehension") ||
        node.is("generator_expression"))
      return false;
    if (node.is("function_definition")) {
      Assign(node.field("name"), node);
      return false;
    }
    if (node.is("assignment")) Assign(node.field("left"), node.field("right"));
    if (node.is("named_expression")) Assign(node.field("name"), node.field("value"));
    if (node.is("augmented_assignment") && node.field("left").is("identifier"))
      Declare(node.field("left"));
    if (node.is("for_statement")) Declare(node.field("left"));
    if (node.is("as_pattern_target")) Declare(node);
    return true;
  });
}

bool FunctionScope::IsInner(std::string_view name) const {
  return std::ranges::any_of(inner_,
                             [&](const auto& scope) { return scope.contains(std::string(name)); });
}

bool FunctionScope::IsLocal(std::string_view name) const {
  return IsInner(name) || names_.contains(std::string(name)) ||
         (outer_ != nullptr && outer_->IsLocal(name));
}

bool FunctionScope::IsOwnLocal(std::string_view name) const {
  return !IsInner(name) && names_.contains(std::string(name));
}

bool FunctionScope::IsScalarParameter(std::string_view name) const {
  static const NameSet kScalars = {"str", "int", "float", "bool", "bytes", "complex"};
  const auto at = parameters_.find(std::string(name));
  return at != parameters_.end() && kScalars.contains(at->second);
}

const std::vector<Node>& FunctionScope::Values(std::string_view name) const {
  static const std::vector<Node> kNone;
  const auto at = values_.find(std::string(name));
  return at == values_.end() ? kNone : at->second;
}

bool FunctionScope::IsForeign(std::string_view name) const {
  return foreign_.contains(std::string(name));
}

void FunctionScope::AddParameter(const Node& parameter) {
  Node name = parameter;
  if (parameter.is("default_parameter") || parameter.is("typed_default_parameter"))
    name = parameter.field("name");
  if (parameter.is("typed_parameter") && !parameter.children().empty())
    name = parameter.children().front();
  const std::string_view type = parameter.field("type").text();
  Walk(name, [&](const Node& node) {
    if (node.is("identifier")) {
      parameters_.emplace(node.text(), type);
      names_.emplace(node.text());
      foreign_.emplace(node.text());
    }
    return true;
  });
}

void FunctionScope::Declare(const Node& target) {
  Walk(target, [&](const Node& node) {
    if (node.is("attribute") || node.is("subscript")) return false;
    if (node.is("identifier")) {
      names_.emplace(node.text());
      if (!target.parent().is("augmented_assignment")) foreign_.emplace(node.text());
    }
    return true;
  });
}

void FunctionScope::Assign(const Node& target, const Node& value) {
  if (target.is("identifier")) {
    names_.emplace(target.text());
    if (value.ok()) values_[std::string(target.text())].push_back(value);
    return;
  }
  const auto targets = target.children(), values = value.children();
  const bool pairwise = (target.is("pattern_list") || target.is("tuple_pattern")) &&
                        (value.is("expression_list") || value.is("tuple")) &&
                        targets.size() == values.size();
  if (!pairwise) return Declare(target);
  for (size_t i = 0; i < targets.size(); ++i) Assign(targets[i], values[i]);
}

bool FunctionScope::IsFresh(const Node& node, int depth) const {
  if (depth > 6) return false;
  if (node.is("parenthesized_expression"))
    return !node.children().empty() && IsFresh(node.children()[0], depth + 1);
  if (node.is("conditional_expression")) {
    const auto parts = node.children();
    return parts.size() == 3 && IsFresh(parts[0], depth + 1) && IsFresh(parts[2], depth + 1);
  }
  static const NameSet kMakers = {"list",
                                  "set",
                                  "dictionary",
                                  "list_comprehension",
                                  "set_comprehension",
                                  "dictionary_comprehension",
                                  "generator_expression",
                                  "integer",
                                  "float",
                                  "string",
                                  "concatenated_string",
                                  "true",
                                  "false",
                                  "none",
                                  "binary_operator",
                                  "unary_operator",
                                  "comparison_operator",
                                  "not_operator"};
  if (kMakers.contains(node.type())) return true;
  if (node.is("call")) return IsFreshCall(node, depth);
  if (node.is("identifier")) {
    if (!IsOwnLocal(node.text()) || IsForeign(node.text())) return false;
    const auto& values = Values(node.text());
    return !values.empty() &&
           std::ranges::all_of(values, [&](const Node& v) { return IsFresh(v, depth + 1); });
  }
  // An element of a container all of whose elements were made here: groups[key].append(x).
  if (node.is("subscript")) return OwnsElements(node.field("value"), depth + 1);
  return false;
}

bool FunctionScope::IsFreshCall(const Node& call, int depth) const {
  const Node function = call.field("function");
  if (function.is("identifier")) {
    const std::string_view name = function.text();
    const ImportedName* import = module_.Import(name);
    const bool known = import != nullptr ? import->module == "collections" : !module_.IsBound(name);
    return known && !IsLocal(name) && FreshCalls().contains(name);
  }
  const Node object = function.field("object");
  const std::string_view method = function.field("attribute").text();
  if (method == "setdefault") {
    const auto arguments = call.field("arguments").children();
    return arguments.size() == 2 && IsFresh(arguments[1], depth + 1) &&
           OwnsElements(object, depth + 1);
  }
  const ImportedName* import = IsLocal(object.text()) ? nullptr : module_.Import(object.text());
  if (import != nullptr) return import->module == "collections" && FreshCalls().contains(method);
  static const NameSet kMakingMethods = Words(
      "split rsplit splitlines partition rpartition copy union intersection difference "
      "symmetric_difference lower upper casefold title capitalize swapcase strip lstrip rstrip "
      "ljust rjust center zfill replace translate join format encode decode findall groupdict "
      "most_common count find index");
  return kMakingMethods.contains(method);
}

bool FunctionScope::OwnsElements(const Node& container, int depth) const {
  if (!container.is("identifier") || !IsFresh(container, depth + 1)) return false;
  const std::string_view name = container.text();
  for (const Node& value : Values(name)) {
    if (!StartsWithOwnElements(value)) return false;
  }
  bool own = true;
  Walk(function_.field("body"), [&](const Node& node) {
    if (node.is("assignment") && node.field("left").is("subscript") &&
        node.field("left").field("value").text() == name) {
      own = own && IsFresh(node.field("right"), depth + 1);
    }
    const Node called = node.field("function");
    if (node.is("call") && called.is("attribute") && called.field("object").text() == name &&
        MutatingMethods().contains(called.field("attribute").text())) {
      for (const Node& argument : node.field("arguments").children())
        own = own && IsElementSafe(called, argument, depth + 1);
    }
    return own;
  });
  return own;
}

bool FunctionScope::IsElementSafe(const Node& called, const Node& argument, int depth) const {
  const std::string_view method = called.field("attribute").text();
  if (method == "pop" || method == "popitem" || method == "remove" || method == "discard" ||
      method == "popleft") {
    return true;
  }
  const bool key = method == "setdefault" && argument == argument.parent().children().front();
  return key || (IsFresh(argument, depth) && method != "update" && method != "extend");
}

}  // namespace ratchet::python
