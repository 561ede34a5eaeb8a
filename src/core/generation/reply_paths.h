#pragma once
// Which file a block is for. The order of evidence is the contract's: info string, attribute in it,
// label above, first line or comment inside, a fence that holds only the path, basename or suffix.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/generation/reply_blocks.h"
#include "core/generation/reply_parser.h"

namespace ratchet::generation {

struct NamedPath {
  std::string path;     // as written
  std::string warning;  // how it was found, if that is worth saying
  bool strip_first_line = false;
};

class PathFinder {
 public:
  explicit PathFinder(const ReplyContext& context);

  // The path that the block itself names, if any.
  [[nodiscard]] std::optional<NamedPath> Find(const Block& block) const;
  // The path in the info string alone.
  [[nodiscard]] std::optional<std::string> FromInfo(const std::string& info) const;
  // The path in the line above.
  [[nodiscard]] std::optional<std::string> LabelAbove(const Block& block) const;
  // A fence whose only line is a known path: it labels the next block, unless its own name makes
  // that line its content.
  [[nodiscard]] std::optional<std::string> LonePath(const Block& block) const;

  // The one known file that is meant, after normalising. Errors: "path_unsafe", "path_ambiguous",
  // "path_not_allowed".
  struct Resolved {
    std::string path;
    std::string error;
    std::string warning;
  };
  [[nodiscard]] Resolved Resolve(const std::string& written) const;
  [[nodiscard]] bool IsKnown(const std::string& written) const;

 private:
  struct Label {
    std::string path;
    bool whole = false;  // the line says nothing else
  };
  [[nodiscard]] std::optional<std::string> AfterLanguage(const std::string& info) const;
  [[nodiscard]] std::optional<Label> FromLabel(std::string_view line) const;
  [[nodiscard]] std::optional<NamedPath> FromFirstLine(const Block& block) const;
  const ReplyContext& context_;
  std::set<std::string> known_;  // targets and existing files
};

}  // namespace ratchet::generation
