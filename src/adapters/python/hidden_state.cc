#include "adapters/python/hidden_state.h"

#include <algorithm>

#include "adapters/python/known_names.h"

namespace ratchet::python {
namespace {

// Encodings and error handlers that a program can register anew are not among them.
const NameSet kCodecs = Words(
    "utf-8 utf8 UTF-8 ascii ASCII latin-1 latin1 iso-8859-1 utf-16 utf-32 strict ignore replace "
    "backslashreplace xmlcharrefreplace namereplace surrogateescape surrogatepass");
const NameSet kTexts = Words("str repr ascii format");

bool IsKnownCodec(const Node& node) {
  const auto name = StringValue(node);
  return name && kCodecs.contains(*name);
}

// A width, which cannot bring a format type with it.
bool IsInteger(const FunctionScope& scope, const Node& node, int depth = 0) {
  if (depth > 4 || !node.ok()) return false;
  if (node.is("integer")) return true;
  if (node.is("call")) {
    const std::string_view function = node.field("function").text();
    return (function == "len" || function == "int") && !scope.IsLocal(function);
  }
  if (node.is("binary_operator"))
    return IsInteger(scope, node.field("left"), depth + 1) &&
           IsInteger(scope, node.field("right"), depth + 1);
  if (!node.is("identifier") || !scope.IsOwnLocal(node.text()) || scope.IsForeign(node.text()))
    return false;
  const auto& values = scope.Values(node.text());
  return !values.empty() && std::ranges::all_of(values, [&](const Node& value) {
    return IsInteger(scope, value, depth + 1);
  });
}

// The type "n" formats by the locale; an escape may hide one, and a computed format is not known.
bool IsSafeFormat(std::string_view format) {
  return format.empty() || (format.back() != 'n' && format.back() != '}' &&
                            format.find('\\') == std::string_view::npos);
}

// Of str.format: every "{name:format}" in it.
bool AreSafeFields(std::string_view text) {
  for (size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at)) {
    if (text.substr(at).starts_with("{{")) {
      at += 2;
      continue;
    }
    int depth = 0;
    size_t end = at;
    for (; end < text.size(); ++end) {
      if (text[end] == '{') ++depth;
      if (text[end] == '}' && --depth == 0) break;
    }
    const std::string_view field = text.substr(at + 1, std::min(end, text.size()) - at - 1);
    const size_t colon = field.find(':');
    if (colon != std::string_view::npos && !IsSafeFormat(field.substr(colon + 1))) return false;
    at = end;
  }
  return true;
}

// Whether the text of a value is that of an object without one: "<function f at 0x7f...>".
bool HasAddress(const ModuleScope& module, const FunctionScope& scope, const Node& node,
                NameSet seen = {}) {
  const auto any = [&](const std::vector<Node>& nodes) {
    return std::ranges::any_of(nodes,
                               [&](const Node& n) { return HasAddress(module, scope, n, seen); });
  };
  if (node.is("lambda") || node.is("function_definition") || node.is("generator_expression"))
    return true;
  if (node.is("call")) {
    const Node function = node.field("function");
    const Node object = function.is("attribute") ? function.field("object") : function;
    static const NameSet kIterators = Words("map filter zip enumerate reversed");
    static const NameSet kMakers = Words("itertools hashlib difflib functools operator");
    if (scope.IsLocal(object.text())) return false;
    const ImportedName* import = module.Import(object.text());
    return kIterators.contains(function.text()) ||
           (import != nullptr && kMakers.contains(import->module));
  }
  if (node.is("identifier")) {
    if (scope.IsOwnLocal(node.text()))
      return seen.insert(node.text()).second && any(scope.Values(node.text()));
    return !scope.IsLocal(node.text()) && module.Function(node.text()).ok();
  }
  static const NameSet kHolders = Words(
      "list tuple set dictionary pair parenthesized_expression conditional_expression "
      "boolean_operator argument_list expression_list");
  return kHolders.contains(node.type()) && any(node.children());
}

std::vector<Node> Arguments(const Node& call) {
  auto arguments = call.field("arguments").children();
  for (Node& argument : arguments)
    if (argument.is("keyword_argument")) argument = argument.field("value");
  return arguments;
}

bool UsesKnownCodecs(const Node& call, std::string_view called) {
  const auto arguments = Arguments(call);
  size_t first = arguments.size();  // from here on they are an encoding and an error handler
  if (called == "encode" || called == "decode") first = 0;
  if (called == "str" || called == "bytes" || called.starts_with("unquote")) first = 1;
  if (called == "quote" || called == "quote_plus") first = 2;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = call.field("arguments").children()[i].field("name").text();
    const bool named = name == "encoding" || name == "errors";
    const bool coding = named || (i >= first && name.empty());
    if (coding && !IsKnownCodec(arguments[i])) return false;
  }
  return true;
}

std::string_view OfCall(const ModuleScope& module, const FunctionScope& scope, const Node& call) {
  const Node function = call.field("function");
  const bool method = function.is("attribute");
  const std::string_view called = method ? function.field("attribute").text() : function.text();
  const auto arguments = Arguments(call);
  const bool formats = called == "format" || called == "format_map";
  const auto format = method                 ? StringValue(function.field("object"))
                      : arguments.size() > 1 ? StringValue(arguments[1])
                                             : std::optional<std::string>("");
  if (formats && !(format && (method ? AreSafeFields(*format) : IsSafeFormat(*format))))
    return "it formats by the locale or by a format that is not known";
  if (!UsesKnownCodecs(call, called)) return "it uses a codec that can be registered anew";
  const bool shows = formats || (!method && kTexts.contains(called));
  const bool address = shows && std::ranges::any_of(arguments, [&](const Node& argument) {
                         return HasAddress(module, scope, argument);
                       });
  return address ? "it shows where an object lies in memory" : "";
}

}  // namespace

std::string_view HiddenState(const ModuleScope& module, const FunctionScope& scope,
                             const Node& node) {
  if (node.is("call")) return OfCall(module, scope, node);
  if (node.is("format_specifier")) {
    const auto parts = node.children();
    const bool width = node.text().ends_with('}') && !parts.empty() &&
                       !parts.back().children().empty() &&
                       IsInteger(scope, parts.back().children().front());
    if (!width && !IsSafeFormat(node.text()))
      return "it formats by the locale or by a format "
             "that is not known";
  }
  const bool percent = node.is("binary_operator") && node.field("operator").text() == "%";
  const Node shown = percent                    ? node.field("right")
                     : node.is("interpolation") ? node.field("expression")
                                                : Node();
  if (shown.ok() && HasAddress(module, scope, shown))
    return "it shows where an object lies in memory";
  return "";
}

}  // namespace ratchet::python
