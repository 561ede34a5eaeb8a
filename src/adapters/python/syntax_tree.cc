#include "adapters/python/syntax_tree.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <cstring>
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

// TSNode is {uint32_t context[4]; const void* id; const TSTree* tree}, the same shape as Node's
// first members; these two functions are the only places that know it.
static TSNode ToTs(const std::uint32_t (&context)[4], const void* id, const void* tree) {
  TSNode node;
  std::memcpy(node.context, context, sizeof(node.context));
  node.id = id;
  node.tree = static_cast<const TSTree*>(tree);
  return node;
}

#define RATCHET_TS ToTs(context_, id_, tree_)
#define RATCHET_WRAP(ts, out)                                         \
  do {                                                                \
    const TSNode wrapped = (ts);                                      \
    if (!ts_node_is_null(wrapped)) {                                  \
      std::memcpy((out).context_, wrapped.context, sizeof(context_)); \
      (out).id_ = wrapped.id;                                         \
      (out).tree_ = wrapped.tree;                                     \
      (out).source_ = source_;                                        \
    }                                                                 \
  } while (false)

std::string_view Node::type() const { return ok() ? ts_node_type(RATCHET_TS) : ""; }
std::string_view Node::text() const {
  return ok() ? std::string_view(*source_).substr(begin(), end() - begin()) : std::string_view();
}
int Node::line() const {
  return ok() ? static_cast<int>(ts_node_start_point(RATCHET_TS).row) + 1 : 0;
}
int Node::last_line() const {
  return ok() ? static_cast<int>(ts_node_end_point(RATCHET_TS).row) + 1 : 0;
}
size_t Node::begin() const { return ts_node_start_byte(RATCHET_TS); }
size_t Node::end() const { return ts_node_end_byte(RATCHET_TS); }
bool Node::is_error() const {
  return ok() && (ts_node_is_error(RATCHET_TS) || ts_node_is_missing(RATCHET_TS));
}
bool Node::has_error() const { return ok() && ts_node_has_error(RATCHET_TS); }

Node Node::field(std::string_view name) const {
  Node found;
  if (ok()) {
    RATCHET_WRAP(
        ts_node_child_by_field_name(RATCHET_TS, name.data(), static_cast<uint32_t>(name.size())),
        found);
  }
  return found;
}

Node Node::parent() const {
  Node found;
  if (ok()) RATCHET_WRAP(ts_node_parent(RATCHET_TS), found);
  return found;
}

std::vector<Node> Node::tokens() const {
  std::vector<Node> all;
  if (!ok()) return all;
  TSTreeCursor cursor = ts_tree_cursor_new(RATCHET_TS);
  if (ts_tree_cursor_goto_first_child(&cursor)) {
    do {
      Node child;
      RATCHET_WRAP(ts_tree_cursor_current_node(&cursor), child);
      all.push_back(child);
    } while (ts_tree_cursor_goto_next_sibling(&cursor));
  }
  ts_tree_cursor_delete(&cursor);
  return all;
}

std::vector<Node> Node::children() const {
  std::vector<Node> named;
  for (const Node& child : tokens()) {
    const TSNode ts = ToTs(child.context_, child.id_, child.tree_);
    if (ts_node_is_named(ts) && !child.is("comment")) named.push_back(child);
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
  const TSNode ts = ts_tree_root_node(static_cast<TSTree*>(tree_));
  Node node;
  std::memcpy(node.context_, ts.context, sizeof(node.context_));
  node.id_ = ts.id;
  node.tree_ = ts.tree;
  node.source_ = text_.get();
  return node;
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
    if (at.is("class_definition")) name = std::string(at.field("name").text()) + "." + name;
    if (at.is("function_definition"))
      name = std::string(at.field("name").text()) + ".<locals>." + name;
  }
  return name;
}

}  // namespace ratchet::python
