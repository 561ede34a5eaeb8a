#pragma once
// The files that a reply edits, while it is read: every edit is applied to a copy of the text, and
// what goes wrong is collected.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/generation/reply_edits.h"
#include "core/generation/reply_parser.h"
#include "core/generation/reply_paths.h"

namespace ratchet::generation {

// Errors and warnings, each name once.
class Findings {
 public:
  void Error(const std::string& name, const std::string& detail);
  void Error(const EditError& error);  // nothing when it is ok
  void Warn(const std::string& name);  // nothing when it is empty

  std::vector<std::string> errors, warnings;
  std::string detail;
};

enum class LineEnds { kLf, kCrlf };

class WorkingFiles {
 public:
  WorkingFiles(const ReplyContext& context, const PathFinder& paths, Findings& findings)
      : context_(context), paths_(paths), findings_(findings) {}

  // Each opens the file that is meant. A file is edited in one format only; the same edit twice is
  // applied once.
  void WriteWhole(const std::string& path, const std::string& text);
  void WriteNew(const std::string& path, const std::vector<std::string>& lines);
  void Apply(const std::string& path, const SearchReplace& edit);
  void Apply(const std::string& path, const std::vector<Hunk>& hunks);

  [[nodiscard]] bool empty() const { return files_.empty(); }
  // The checks on what would be written. `prose` may announce what is removed.
  void Check(std::string_view prose);
  // The files' own line ends, and exactly one newline at each end.
  std::map<std::string, std::string> FinalBytes(LineEnds of_reply);

 private:
  enum class Format { kWhole, kSearch, kDiff };
  struct File {
    bool existed = false, fresh = true;
    Format format = Format::kWhole;
    std::string before, text;  // LF
    std::string added;         // what the edits brought in, for the checks
    std::vector<SearchReplace> edits;
    std::vector<Hunk> hunks;
    HunkApplier applier;
  };
  // nullptr after an error.
  File* Open(const std::string& written, Format format);

  const ReplyContext& context_;
  const PathFinder& paths_;
  Findings& findings_;
  std::map<std::string, File> files_;
};

}  // namespace ratchet::generation
