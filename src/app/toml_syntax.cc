#include "app/toml_syntax.h"

#include <fmt/format.h>
#include <tree_sitter/api.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "core/base/text.h"

extern "C" const TSLanguage* tree_sitter_toml(void);

namespace ratchet {
namespace {

// The first node in the order of the text that is an error or was missing; null: there is none.
// Only what has an error below is entered, so the walk is as long as the path to it.
TSNode FirstError(TSNode node) {
  while (!ts_node_is_error(node) && !ts_node_is_missing(node)) {
    const std::uint32_t children = ts_node_child_count(node);
    std::uint32_t i = 0;
    while (i < children && !ts_node_has_error(ts_node_child(node, i))) ++i;
    if (i == children) break;
    node = ts_node_child(node, i);
  }
  return node;
}

}  // namespace

Status CheckTomlSyntax(std::string_view text, const std::string& file) {
  constexpr size_t kBytesMax = 16u << 20;  // no configuration is larger; positions are 32 bits
  if (text.size() > kBytesMax)
    return Fail(ErrorCode::kInvalidArgument, file + ": larger than 16 MB");
  if (!IsValidUtf8(text)) return Fail(ErrorCode::kInvalidArgument, file + ": not UTF-8");
  const std::unique_ptr<TSParser, decltype(&ts_parser_delete)> parser(ts_parser_new(),
                                                                      ts_parser_delete);
  CHECK(ts_parser_set_language(parser.get(), tree_sitter_toml()), "grammar of another ABI");
  const std::unique_ptr<TSTree, decltype(&ts_tree_delete)> tree(
      ts_parser_parse_string(parser.get(), nullptr, text.data(),
                             static_cast<std::uint32_t>(text.size())),
      ts_tree_delete);
  const TSNode root = ts_tree_root_node(tree.get());
  if (!ts_node_has_error(root)) return {};
  const TSNode error = FirstError(root);
  const TSPoint at = ts_node_start_point(error);
  std::string_view rest = text.substr(ts_node_start_byte(error));
  rest = rest.substr(0, rest.find('\n'));
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}:{}:{}: no TOML here: {}", file, at.row + 1, at.column + 1,
                          rest.empty() ? "the line ends too early"
                                       : "\"" + Shorten(std::string(rest), 60) + "\""));
}

}  // namespace ratchet
