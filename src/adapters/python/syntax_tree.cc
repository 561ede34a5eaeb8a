#include "adapters/python/syntax_tree.h"

#include <fmt/format.h>
#include <tree_sitter/api.h>

#include <algorithm>
#include <utility>

#include "core/base/check.h"

extern "C" const TSLanguage* tree_sitter_python(void);

namespace ratchet::python {
namespace {

struct ParserDeleter {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};

constexpr int kDepthMax = 600;

bool DepthAbove(const TSTree* tree, int limit) {
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
  int depth = 0, deepest = 0;
  bool more = true;
  while (more && deepest <= limit) {
    if (ts_tree_cursor_goto_first_child(&cursor)) {
      deepest = std::max(deepest, ++depth);
      continue;
    }
    while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
      more = ts_tree_cursor_goto_parent(&cursor);
      if (!more) break;
      --depth;
    }
  }
  ts_tree_cursor_delete(&cursor);
  return deepest > limit;
}

}  // namespace

// These two are the only places that know what a TSNode is made of.
Node::Node(const TSNode& ts, const std::string* source) {
  if (ts_node_is_null(ts)) return;
  std::ranges::copy(ts.context, context_);
  id_ = ts.id;
  tree_ = ts.tree;
  source_ = source;
}

TSNode Node::Ts() const {
  TSNode ts;
  std::ranges::copy(context_, ts.context);
  ts.id = id_;
  ts.tree = static_cast<const TSTree*>(tree_);
  return ts;
}

std::string_view Node::type() const { return ok() ? ts_node_type(Ts()) : ""; }
std::string_view Node::text() const {
  return ok() ? std::string_view(*source_).substr(begin(), end() - begin()) : std::string_view();
}
int Node::line() const { return ok() ? static_cast<int>(ts_node_start_point(Ts()).row) + 1 : 0; }
int Node::last_line() const { return ok() ? static_cast<int>(ts_node_end_point(Ts()).row) + 1 : 0; }
size_t Node::begin() const { return ts_node_start_byte(Ts()); }
size_t Node::end() const { return ts_node_end_byte(Ts()); }
bool Node::is_error() const { return ok() && (ts_node_is_error(Ts()) || ts_node_is_missing(Ts())); }
bool Node::has_error() const { return ok() && ts_node_has_error(Ts()); }

Node Node::field(std::string_view name) const {
  if (!ok()) return {};
  const auto size = static_cast<std::uint32_t>(name.size());
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is given
  return {ts_node_child_by_field_name(Ts(), name.data(), size), source_};
}

Node Node::parent() const { return ok() ? Node(ts_node_parent(Ts()), source_) : Node(); }

std::vector<Node> Node::tokens() const {
  std::vector<Node> all;
  if (!ok()) return all;
  TSTreeCursor cursor = ts_tree_cursor_new(Ts());
  if (ts_tree_cursor_goto_first_child(&cursor)) {
    do {
      all.push_back(Node(ts_tree_cursor_current_node(&cursor), source_));
    } while (ts_tree_cursor_goto_next_sibling(&cursor));
  }
  ts_tree_cursor_delete(&cursor);
  return all;
}

std::vector<Node> Node::children() const {
  std::vector<Node> named;
  for (const Node& child : tokens()) {
    if (ts_node_is_named(child.Ts()) && !child.is("comment")) named.push_back(child);
  }
  return named;
}

SyntaxTree::SyntaxTree(std::string text) : text_(std::make_unique<std::string>(std::move(text))) {
  const std::unique_ptr<TSParser, ParserDeleter> parser(ts_parser_new());
  CHECK(ts_parser_set_language(parser.get(), tree_sitter_python()),
        "the grammar's ABI fits the library");
  tree_ = ts_parser_parse_string(parser.get(), nullptr, text_->data(),
                                 static_cast<uint32_t>(text_->size()));
  CHECK(tree_ != nullptr, "parsing without a deadline always ends with a tree");
  if (DepthAbove(static_cast<TSTree*>(tree_), kDepthMax)) {
    ts_tree_delete(static_cast<TSTree*>(tree_));
    tree_ = ts_parser_parse_string(parser.get(), nullptr, "", 0);
    too_deep_ = true;
  }
}

SyntaxTree::SyntaxTree(SyntaxTree&& other) noexcept
    : text_(std::move(other.text_)),
      too_deep_(other.too_deep_),
      tree_(std::exchange(other.tree_, nullptr)) {}

SyntaxTree::~SyntaxTree() {
  if (tree_ != nullptr) ts_tree_delete(static_cast<TSTree*>(tree_));
}

Node SyntaxTree::root() const {
  return {ts_tree_root_node(static_cast<TSTree*>(tree_)), text_.get()};
}

std::optional<std::string> StringValue(const Node& node) {
  if (!node.is("string")) return std::nullopt;
  std::string value;
  for (const Node& part : node.children()) {
    if (part.is("interpolation")) return std::nullopt;
    if (part.is("string_content")) value += part.text();
  }
  return value;
}

std::string QualifiedName(const Node& function) {
  std::string name(function.field("name").text());
  for (Node at = function.parent(); at.ok(); at = at.parent()) {
    const bool type = at.is("class_definition");
    if (type || at.is("function_definition"))
      name = fmt::format("{}{}{}", at.field("name").text(), type ? "." : ".<locals>.", name);
  }
  return name;
}

}  // namespace ratchet::python
