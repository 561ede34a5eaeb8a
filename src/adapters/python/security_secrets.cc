// Secrets that stand in the code, by the name they are given or by their own form.

#include <algorithm>
#include <cctype>

#include "adapters/python/security_rules.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// "AKIA..." and the like: a known prefix and enough letters behind it.
bool HasKeyForm(std::string_view value) {
  struct Form {
    std::string_view prefix;
    size_t length;  // of all, at least
  };
  // As the issuers document them: AWS, GitHub, Stripe, Slack, Google.
  constexpr Form kForms[] = {{"AKIA", 20},  {"ASIA", 20},     {"ghp_", 40},     {"gho_", 40},
                             {"ghs_", 40},  {"sk_live_", 20}, {"rk_live_", 20}, {"xoxb-", 20},
                             {"xoxp-", 20}, {"AIza", 39}};
  return std::ranges::any_of(kForms, [&](const Form& form) {
    return value.starts_with(form.prefix) && value.size() >= form.length &&
           std::ranges::all_of(value,
                               [](char c) { return IsAlphanumeric(c) || c == '_' || c == '-'; });
  });
}

bool IsPrivateKey(std::string_view value) {
  const size_t header = value.find("PRIVATE KEY-----");
  return value.starts_with("-----BEGIN ") && header != std::string_view::npos &&
         std::ranges::any_of(value.substr(header + 16), IsAlphanumeric);
}

bool IsPlaceholder(std::string_view value) {
  const std::string text = Lowercase(value);
  if (text.find_first_of("<>{}[]$\x01\x02\x03\x04\x05") != std::string::npos) return true;
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"...", "***", "xxx", "%s", "%(", "your", "example",
                                              "placeholder"},
      [&](std::string_view mark) { return text.find(mark) != std::string::npos; });
}

// scheme://user:password@host
bool HasCredentials(std::string_view value) {
  const size_t scheme = value.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  const std::string_view server =
      value.substr(scheme + 3, value.find_first_of("/ \n", scheme + 3) - scheme - 3);
  const size_t at = server.rfind('@'), colon = server.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon >= at) return false;
  const std::string_view password = server.substr(colon + 1, at - colon - 1);
  return password.size() >= 4 && !IsPlaceholder(password) && password != "pass" &&
         password != "passwd" && password != "password";
}

// Names of fields, headers and places are words; secrets are not.
bool LooksSecret(std::string_view value) {
  if (value.size() < 6 || value.starts_with('/') || IsPlaceholder(value)) return false;
  if (value.find_first_of(" \t\n") != std::string_view::npos) return false;
  if (value.find("://") != std::string_view::npos) return HasCredentials(value);
  const bool word = std::ranges::all_of(value, [](char c) {
    return (IsAlphanumeric(c) && !IsDigit(c)) || c == '_' || c == '-' || c == '.' || c == ':';
  });
  return !word || (value.size() >= 20 && std::ranges::count(value, '-') >= 3);
}

std::string LastName(const Node& node) {
  if (node.is("attribute")) return std::string(node.field("attribute").text());
  if (node.is("subscript")) return LastName(node.field("subscript"));
  return StringValue(node).value_or(std::string(node.text()));
}

struct Given {
  Node name, value;
};

Given WhatIsGiven(const Node& node) {
  if (node.is("assignment")) return {node.field("left"), node.field("right")};
  if (node.is("pair")) return {node.field("key"), node.field("value")};
  if (node.is("keyword_argument") || node.is("default_parameter") ||
      node.is("typed_default_parameter"))
    return {node.field("name"), node.field("value")};
  const std::vector<Node> parts = node.children();
  if (node.is("comparison_operator") && parts.size() == 2) return {parts[0], parts[1]};
  // environ.get("PASSWORD", "literal")
  if (node.is("argument_list") && parts.size() == 2 && parts[0].is("string"))
    return {parts[0], parts[1]};
  return {};
}

}  // namespace

bool PromisesASecret(std::string_view written) {
  std::string name = Lowercase(written);
  while (!name.empty() && IsDigit(name.back())) name.pop_back();
  for (const std::string_view about :
       {"url",     "uri",   "path",  "header", "field",  "type",     "pattern", "prompt", "name",
        "id",      "regex", "re",    "file",   "dir",    "label",    "env",     "var",    "format",
        "message", "error", "help",  "param",  "prefix", "endpoint", "scope",   "length", "hint",
        "text",    "title", "count", "range",  "index",  "size",     "limit"}) {
    if (name.ends_with("_" + std::string(about)) || name.ends_with("-" + std::string(about)))
      return false;
  }
  for (const std::string_view joined :
       {"api_key", "apikey", "api-key", "private_key", "privatekey", "access_key", "secret_key",
        "secretkey", "signing_key", "encryption_key"}) {
    if (name.find(joined) != std::string::npos) return true;
  }
  std::ranges::replace(name, '-', '_');
  return std::ranges::any_of(Split(name, '_'), [](const std::string& word) {
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"password", "passwd", "passphrase", "pwd", "secret",
                                                "token"},
        [&](std::string_view end) { return word.ends_with(end); });
  });
}

std::optional<Verdict> HardCodedSecret(const Node& node, const ExpressionReader& reader) {
  Verdict verdict{"hard-coded-secret", "a secret stands here as text"};
  if (node.is("string")) {
    const std::string value = StringValue(node).value_or("");
    if (HasKeyForm(value) || IsPrivateKey(value) || HasCredentials(value)) return verdict;
  }
  const Given given = WhatIsGiven(node);
  const bool literal =
      given.value.is("string") || given.value.is("concatenated_string") ||
      (given.value.is("binary_operator") && given.value.field("operator").text() == "+") ||
      given.value.is("parenthesized_expression");
  if (!literal || !PromisesASecret(LastName(given.name))) return std::nullopt;
  const std::string value = reader.TextOf(given.value);
  const bool by_form = HasKeyForm(value) || IsPrivateKey(value) || HasCredentials(value);
  const bool told = by_form && given.value.is("string");  // said at the string itself
  return !told && LooksSecret(value) ? std::optional(verdict) : std::nullopt;
}

}  // namespace ratchet::python
