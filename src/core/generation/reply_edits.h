#pragma once
// The edit formats inside a block, and how each is applied to a file's text (LF line ends).

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ratchet::generation {

// Why an edit cannot be applied: its name, and a sentence for the repair round. No error: "".
struct EditError {
  std::string name;
  std::string detail;
  [[nodiscard]] bool ok() const { return name.empty(); }
};

struct SearchReplace {
  std::vector<std::string> search, replace;
  std::string label;  // a line before it, outside of any edit: the file it is for; "" as the last
  bool operator==(const SearchReplace&) const = default;
};
// Reads every SEARCH/REPLACE in the lines. "block_malformed" unless each has one divider and an
// end, and nothing but one label stands before it. A divider is as long as the marker that begins
// the edit, and as far indented: other rows of '=' are content.
EditError ReadSearchReplace(const std::vector<std::string>& lines,
                            std::vector<SearchReplace>& edits);
// "search_not_found", "search_ambiguous", "empty_search_on_existing".
EditError ApplySearchReplace(const SearchReplace& edit, bool exists, std::string& text,
                             std::vector<std::string>& warnings);

struct Hunk {
  // Lines of the old file before the hunk, as its header says; nullopt: not said.
  std::optional<std::ptrdiff_t> lines_above;
  std::vector<std::string> before, after;
  bool operator==(const Hunk&) const = default;
};
struct FileDiff {
  std::string old_path, new_path;  // "/dev/null" for none
  std::vector<Hunk> hunks;
};
// Unified diffs, with or without line numbers. "diff_malformed".
EditError ReadDiff(const std::vector<std::string>& lines, std::vector<FileDiff>& diffs);

// Applies the hunks of one file, in any number of diffs. Their line numbers are those of the file
// before the first of them, so it is remembered how much the text has grown above each place.
class HunkApplier {
 public:
  // "hunk_not_found", "hunk_ambiguous"; warns "hunk_relocated" when the place was searched for.
  EditError Apply(const Hunk& hunk, std::string& text, std::vector<std::string>& warnings);

 private:
  struct Growth {
    std::ptrdiff_t lines_above;  // in the old file
    std::ptrdiff_t lines;
  };
  [[nodiscard]] std::ptrdiff_t GrowthAbove(std::ptrdiff_t line) const;
  std::vector<Growth> growths_;
};

// One section of "*** Begin Patch".
struct PatchSection {
  enum class Kind { kUpdate, kAdd, kDelete } kind = Kind::kUpdate;
  std::string path, move_to;
  std::vector<Hunk> hunks;
  std::vector<std::string> added;  // the lines of a new file
};
// "block_malformed", also when the patch has no end: then it may have been cut short.
EditError ReadPatch(const std::vector<std::string>& lines, std::vector<PatchSection>& sections);

// Shared by the formats: a text as lines, and where some lines stand in it.
using SameLine = bool (*)(std::string_view, std::string_view);
bool SameExactly(std::string_view a, std::string_view b);
std::vector<std::string> LinesOf(std::string_view text);
std::string TextOf(const std::vector<std::string>& lines);
std::vector<size_t> Places(const std::vector<std::string>& text,
                           const std::vector<std::string>& wanted, SameLine same);
void ReplaceLines(std::vector<std::string>& text, size_t at, size_t count,
                  const std::vector<std::string>& by);

}  // namespace ratchet::generation
