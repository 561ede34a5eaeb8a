#pragma once
// A Python file's syntax tree (tree-sitter), and the few ways in which we look at it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct TSNode;

namespace ratchet::python {

// A node of a SyntaxTree; valid as long as its tree. Cheap to copy.
class Node {
 public:
  Node() = default;
  [[nodiscard]] bool ok() const { return id_ != nullptr; }
  [[nodiscard]] std::string_view type() const;
  [[nodiscard]] bool is(std::string_view type_name) const { return ok() && type() == type_name; }
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] int line() const;  // 1-based
  [[nodiscard]] int last_line() const;
  [[nodiscard]] size_t begin() const;  // byte offsets
  [[nodiscard]] size_t end() const;
  [[nodiscard]] Node field(std::string_view name) const;
  [[nodiscard]] Node parent() const;
  [[nodiscard]] std::vector<Node> children() const;  // named ones, comments left out
  [[nodiscard]] std::vector<Node> tokens() const;    // all
  [[nodiscard]] bool is_error() const;               // an error or a missing token
  [[nodiscard]] bool has_error() const;              // anywhere below
  bool operator==(const Node& other) const { return id_ == other.id_; }

 private:
  friend class SyntaxTree;
  Node(const TSNode& ts, const std::string* source);  // not ok() for the null node
  [[nodiscard]] TSNode Ts() const;
  std::uint32_t context_[4] = {};  // TSNode's members, which this header keeps opaque
  const void* id_ = nullptr;
  const void* tree_ = nullptr;
  const std::string* source_ = nullptr;
};

class SyntaxTree {
 public:
  explicit SyntaxTree(std::string text);
  ~SyntaxTree();
  SyntaxTree(SyntaxTree&&) noexcept;
  SyntaxTree(const SyntaxTree&) = delete;
  SyntaxTree& operator=(const SyntaxTree&) = delete;
  SyntaxTree& operator=(SyntaxTree&&) = delete;

  [[nodiscard]] Node root() const;
  [[nodiscard]] const std::string& text() const { return *text_; }
  // Nested deeper than any real program: the tree is left empty, so that nobody recurses into it.
  [[nodiscard]] bool too_deep() const { return too_deep_; }

 private:
  std::unique_ptr<std::string> text_;
  bool too_deep_ = false;
  void* tree_ = nullptr;
};

// Calls `visit` for `node` and everything below it, in source order; a false answer leaves out
// what is below.
template <typename Visit>
void Walk(const Node& node, const Visit& visit) {
  if (!visit(node)) return;
  for (const Node& child : node.children()) Walk(child, visit);
}

// The text of a string literal without prefix and quotes; empty for one with interpolations.
std::optional<std::string> StringValue(const Node& node);

// "Class.method" for a function_definition; "outer.<locals>.inner" for nested ones.
std::string QualifiedName(const Node& function);

}  // namespace ratchet::python
