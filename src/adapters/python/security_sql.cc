// SQL statements that are put together from parts, where a value could become a command.

#include <algorithm>
#include <cctype>

#include "adapters/python/security_rules.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

// Behind comments and parentheses.
std::string_view Beginning(std::string_view text) {
  while (true) {
    const size_t start = text.find_first_not_of(" \t\r\n(");
    if (start == std::string_view::npos) return "";
    text = text.substr(start);
    const bool block = text.starts_with("/*"), line = text.starts_with("--");
    if (!block && !line) return text;
    const size_t end = text.find(block ? "*/" : "\n", 2);
    if (end == std::string_view::npos) return "";
    text = text.substr(end + (block ? 2 : 1));
  }
}

bool LooksLikeSql(const std::string& folded) {
  const std::string lower = Lowercase(folded);
  const std::string_view text = Beginning(lower);
  if (text.empty()) return false;
  const size_t end = text.find_first_of(" \t\r\n");
  if (end != std::string_view::npos &&
      OneOf(text.substr(0, end),
            {"select",  "insert", "update",   "delete", "replace", "with",    "alter",
             "create",  "drop",   "truncate", "grant",  "revoke",  "merge",   "pragma",
             "explain", "attach", "vacuum",   "copy",   "exec",    "execute", "call",
             "set",     "use",    "lock",     "table",  "values"}))
    return true;
  // It begins with something computed: then it is SQL if a clause follows.
  if (text[0] > kOwn) return false;
  std::string flat(text);
  std::ranges::replace(flat, '\n', ' ');
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{" where ", " from ", " set ", " values", " order by ",
                                              " limit ", " and ", " union "},
      [&](std::string_view clause) { return flat.find(clause) != std::string::npos; });
}

bool TakesSql(const Call& call) {
  const std::string object = Lowercase(call.node.field("function").field("object").text());
  const std::string receiver = object.substr(object.rfind('.') + 1);
  if (OneOf(receiver, {"log", "logger", "logging", "_log", "_logger"})) return false;
  return OneOf(call.last,
               {"execute", "executemany", "executescript", "raw", "fetch", "fetchrow", "fetchval",
                "fetch_all", "fetch_one", "fetch_val", "read_sql", "read_sql_query",
                "exec_driver_sql", "scalars", "scalar", "mogrify", "prepare", "query", "RawSQL"});
}

}  // namespace

std::optional<Verdict> BuiltSql(const Call& call) {
  if (!TakesSql(call)) return std::nullopt;
  const Node statement =
      call.Argument(0, {"sql", "query", "statement", "operation", "raw_query", "con"});
  for (const std::string& text : Alternatives(call.reader.TextOf(statement))) {
    const bool parts = std::ranges::any_of(
        text, [](char c) { return c == kComputed || c == kAsked || c == kOwn; });
    if (parts && LooksLikeSql(text))
      return Verdict{"sql-injection", "the SQL statement is put together from parts"};
  }
  return std::nullopt;
}

}  // namespace ratchet::python
