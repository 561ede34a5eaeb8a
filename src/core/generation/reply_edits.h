#pragma once
// The edit formats inside a block, and how each is applied to a file's text (LF line ends).

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
};
// Reads every SEARCH/REPLACE in the lines. "block_malformed" unless each has one divider and an
// end.
EditError ReadSearchReplace(const std::vector<std::string>& lines,
                            std::vector<SearchReplace>& edits);
// "search_not_found", "search_ambiguous", "empty_search_on_existing".
EditError ApplySearchReplace(const SearchReplace& edit, bool exists, std::string& text,
                             std::vector<std::string>& warnings);

struct Hunk {
  int line = 0;  // where the old text starts, 1-based; 0: not said
  std::vector<std::string> before, after;
};
struct FileDiff {
  std::string old_path, new_path;  // "/dev/null" for none
  std::vector<Hunk> hunks;
};
// Unified diffs, with or without line numbers. "diff_malformed".
EditError ReadDiff(const std::vector<std::string>& lines, std::vector<FileDiff>& diffs);
// "hunk_not_found", "hunk_ambiguous"; warns "hunk_relocated" when the place was searched for.
EditError ApplyHunk(const Hunk& hunk, std::string& text, std::vector<std::string>& warnings);

// One section of "*** Begin Patch".
struct PatchSection {
  enum class Kind { kUpdate, kAdd, kDelete } kind = Kind::kUpdate;
  std::string path, move_to;
  std::vector<Hunk> hunks;
  std::vector<std::string> added;  // the lines of a new file
};
EditError ReadPatch(const std::vector<std::string>& lines, std::vector<PatchSection>& sections);

}  // namespace ratchet::generation
