#include "adapters/python/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/text.h"

namespace ratchet::python {
namespace {

// What tree-sitter's error recovery lets through and Python does not.
void CheckStatement(const std::string& path, const Node& node, std::vector<Finding>& findings) {
  if (node.is("print_statement") || node.is("exec_statement")) {
    findings.push_back({path, node.line(), "syntax", "a statement of Python 2"});
  }
}

bool IsBranch(const Node& node) {
  static constexpr auto kBranches = std::to_array<std::string_view>(
      {"if_statement", "elif_clause", "for_statement", "while_statement", "except_clause",
       "except_group_clause", "assert_statement", "conditional_expression", "for_in_clause",
       "if_clause", "case_clause", "boolean_operator"});
  return std::ranges::find(kBranches, node.type()) != kBranches.end();
}

bool CatchesImportError(const Node& try_statement) {
  for (const Node& clause : try_statement.children()) {
    if (!clause.is("except_clause")) continue;
    const std::string_view head = clause.text().substr(0, clause.text().find(':'));
    const bool named = head.find("ImportError") != std::string_view::npos ||
                       head.find("ModuleNotFoundError") != std::string_view::npos ||
                       head.find("Exception") != std::string_view::npos;
    if (named || Trim(head) == "except") return true;
  }
  return false;
}

bool IsOptional(const Node& import) {
  for (Node at = import.parent(); at.ok(); at = at.parent()) {
    if (at.is("try_statement") && CatchesImportError(at)) return true;
    if (at.is("if_statement") &&
        at.field("condition").text().find("TYPE_CHECKING") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

std::string ImportedName(const Node& node) {
  const Node& named = node.is("aliased_import") ? node.field("name") : node;
  return std::string(named.text());
}

}  // namespace

std::vector<Finding> SyntaxErrors(const std::string& path, const SyntaxTree& tree) {
  std::vector<Finding> findings;
  if (tree.too_deep()) findings.push_back({path, 1, "syntax", "the code is nested too deeply"});
  if (!IsValidUtf8(tree.text())) findings.push_back({path, 1, "syntax", "the file is not UTF-8"});
  const auto visit = [&](auto& self, const Node& node) -> void {
    if (findings.size() >= 20) return;
    if (node.is_error()) {
      findings.push_back({path, node.line(), "syntax",
                          fmt::format("cannot be parsed at \"{}\"", Shorten(node.text(), 40))});
      return;
    }
    CheckStatement(path, node, findings);
    if (!node.has_error() && !node.is("module") && !node.is("block")) {
      for (const Node& child : node.children()) CheckStatement(path, child, findings);
    }
    for (const Node& child : node.tokens()) {
      if (child.is_error() || child.has_error() || child.is("print_statement") || child.is("block"))
        self(self, child);
    }
  };
  visit(visit, tree.root());
  return findings;
}

int Complexity(const Node& function) {
  int complexity = 1;
  Walk(function.field("body"), [&](const Node& node) {
    if (node.is("function_definition") || node.is("class_definition")) return false;
    if (IsBranch(node)) ++complexity;
    return true;
  });
  return complexity;
}

std::vector<FunctionFacts> Functions(const SyntaxTree& tree) {
  std::vector<FunctionFacts> functions;
  Walk(tree.root(), [&](const Node& node) {
    if (!node.is("function_definition")) return true;
    const Node outer = node.parent().is("decorated_definition") ? node.parent() : node;
    functions.push_back({.name = QualifiedName(node),
                         .first_line = outer.line(),
                         .last_line = node.last_line(),
                         .complexity = Complexity(node)});
    return true;
  });
  return functions;
}

std::vector<ImportFacts> Imports(const SyntaxTree& tree) {
  std::vector<ImportFacts> imports;
  Walk(tree.root(), [&](const Node& node) {
    if (node.is("import_statement")) {
      for (const Node& name : node.children()) {
        imports.push_back(
            {.module = ImportedName(name), .line = node.line(), .optional = IsOptional(node)});
      }
    } else if (node.is("import_from_statement")) {
      const Node module = node.field("module_name");
      ImportFacts import{
          .module = std::string(module.text()), .line = node.line(), .optional = IsOptional(node)};
      for (const Node& name : node.children()) {
        if (name == module) continue;
        import.names.push_back(name.is("wildcard_import") ? "*" : ImportedName(name));
      }
      imports.push_back(std::move(import));
    }
    return true;
  });
  return imports;
}

}  // namespace ratchet::python
