#pragma once
// The security gate's rules, by topic. Each looks at one call, or at one other node, and says at
// most one thing. The list of rules and what they miss: docs/validation.md.

#include <functional>
#include <initializer_list>
#include <optional>

#include "adapters/python/expression_reader.h"

namespace ratchet::python {

struct Verdict {
  const char* rule;
  std::string message;
};

struct Call {
  Node node;
  std::string name;       // as ExpressionReader::NameOf
  std::string_view last;  // its last part, of `name`
  const ExpressionReader& reader;

  [[nodiscard]] std::vector<Node> Arguments() const { return ArgumentsOf(node); }
  [[nodiscard]] Node Positional(size_t index) const;
  [[nodiscard]] Node Keyword(std::string_view name) const;
  // The argument at this place or under one of these names.
  [[nodiscard]] Node Argument(size_t index, std::initializer_list<std::string_view> names) const;
};

std::vector<std::string> Alternatives(std::string_view folded);

// security_calls.cc, security_options.cc, security_sql.cc
std::optional<Verdict> NamedFunction(const std::string& name);  // dangerous under any arguments
std::optional<Verdict> CodeByName(const Call& call);
std::optional<Verdict> StartedProgram(const Call& call);
std::optional<Verdict> BuiltPath(const Call& call);
std::optional<Verdict> AnyAddress(const Call& call);
std::optional<Verdict> UnsafeReader(const Call& call);
std::optional<Verdict> WeakHash(const Call& call);
std::optional<Verdict> UnescapedText(const Call& call);
std::optional<Verdict> UnsafeOption(const Call& call);
std::optional<Verdict> UnsafeAssignment(const Node& node, const ExpressionReader& reader);
std::optional<Verdict> BuiltSql(const Call& call);

// security_secrets.cc
std::optional<Verdict> HardCodedSecret(const Node& node, const ExpressionReader& reader);
bool PromisesASecret(std::string_view name);  // "api_key", "authToken"; not "token_url"

}  // namespace ratchet::python
