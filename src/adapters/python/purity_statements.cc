#include <fmt/format.h>

#include "adapters/python/purity_prover.h"

namespace ratchet::python {

void PurityProver::Target(const Node& target) {
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

void PurityProver::Assignment(const Node& node) {
  Target(node.field("left"));
  Visit(node.field("right"));
}

void PurityProver::AugmentedAssignment(const Node& node) {
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
    const bool ours =
        scope_.IsFresh(left.field("value")) && (number || scope_.OwnsElements(left.field("value")));
    if (!ours) Refuse(node, fmt::format("{} may change a value that others see", left.text()));
    return;
  }
  Refuse(node, fmt::format("it changes {}, which others may see", left.text()));
}

void PurityProver::Delete(const Node& node) {
  for (const Node& target : node.children()) Target(target);
}

void PurityProver::For(const Node& node) {
  proof_.does_work = true;
  if (node.tokens().front().text() == "async") return Refuse(node, "it waits for something");
  Target(node.field("left"));
  Visit(node.field("right"));
  Visit(node.field("body"));
  Visit(node.field("alternative"));
}

void PurityProver::Comprehension(const Node& node) {
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

void PurityProver::Lambda(const Node& node) {
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

// Its annotations are evaluated whenever it is defined.
void PurityProver::Nested(const Node& node) {
  const auto refuse_calls = [&](const Node& part) {
    if (part.is("call")) Refuse(part, "it computes an annotation");
    return true;
  };
  for (const Node& parameter : node.field("parameters").children())
    Walk(parameter.field("type"), refuse_calls);
  Walk(node.field("return_type"), refuse_calls);
  if (!refusal_) refusal_ = PurityProver(module_, node, progress_, &scope_).ProveItself();
}

// Identity says more than equality: the remembered copy is equal, not the same.
void PurityProver::Comparison(const Node& node) {
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

void PurityProver::Raise(const Node& node) {
  for (const Node& what : node.children()) {
    const Node type = what.is("call") ? what.field("function") : what;
    if (!module_.IsPlainException(type.text()) && !scope_.IsOwnLocal(type.text())) {
      return Refuse(node, fmt::format("it raises {}, which may do more than fail", type.text()));
    }
    if (module_.IsBound(type.text())) proof_.names_used.emplace(type.text());
    if (what.is("call")) VisitAll(what.field("arguments").children());
  }
}

// What is caught must come from the arguments alone: a time limit, a full stack or a lack of
// memory that is turned into a result would be remembered.
void PurityProver::Except(const Node& node) {
  bool selective = false;
  for (const Node& part : node.children()) {
    if (part.is("block")) {
      Visit(part);
      continue;
    }
    selective = true;
    const Node types = part.is("as_pattern") ? part.children().front() : part;
    const auto each = types.is("tuple") ? types.children() : std::vector<Node>{types};
    for (const Node& type : each) {
      if (!module_.IsOwnFailure(type.text()) || scope_.IsLocal(type.text()))
        Refuse(type, fmt::format("it catches {}, which may come from elsewhere", type.text()));
      if (module_.IsBound(type.text())) proof_.names_used.emplace(type.text());
    }
  }
  if (!selective) Refuse(node, "it catches everything, also what comes from elsewhere");
}

void PurityProver::CheckFinally(const Node& clause) {
  Walk(clause, [&](const Node& node) {
    if (node.is("return_statement") || node.is("break_statement") || node.is("continue_statement"))
      Refuse(node, "it leaves `finally`, which swallows failures that come from elsewhere");
    return true;
  });
}

}  // namespace ratchet::python
