// The policy over the parts: stop reason and encoding first, then the envelope or the blocks, then
// every edit against the files, at last the checks on what would be written. Errors are collected;
// any of them means that nothing is applied.

#include "core/generation/reply_parser.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/base/text.h"
#include "core/generation/reply_blocks.h"
#include "core/generation/reply_checks.h"
#include "core/generation/reply_edits.h"
#include "core/generation/reply_paths.h"

namespace ratchet::generation {
namespace {

constexpr auto kTruncated = std::to_array<std::string_view>(
    {"max_tokens", "length", "max_output_tokens", "model_context_window_exceeded", "incomplete",
     "model_length"});
constexpr auto kRefused = std::to_array<std::string_view>(
    {"refusal", "content_filter", "content_filtered", "safety", "recitation", "blocklist",
     "prohibited_content", "guardrail_intervened", "spii"});
// One repair round may mend these; the others would need a guess.
constexpr auto kRetryable = std::to_array<std::string_view>(
    {"response_truncated", "empty_response", "no_edit", "search_not_found", "hunk_not_found",
     "envelope_invalid", "path_missing", "diff_malformed"});

bool OneOf(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

enum class Format { kWhole, kSearch, kDiff };

struct WorkingFile {
  bool existed = false;
  Format format = Format::kWhole;
  std::string before;  // LF
  std::string text;    // LF
  std::string added;   // what the edits brought in, for the checks
};

class Parser {
 public:
  explicit Parser(const ReplyContext& context) : context_(context), paths_(context) {}

  ParsedReply Parse(std::string_view reply) {
    const std::string reason = Lowercase(context_.stop_reason);
    if (OneOf(reason, kTruncated))
      return Done("response_truncated", "the reply was cut off: " + context_.stop_reason);
    if (OneOf(reason, kRefused))
      return Done("model_refused", "the model refused: " + context_.stop_reason);
    if (!IsValidUtf8(reply)) return Done("encoding_invalid", "the reply is not UTF-8");
    if (reply.starts_with("\xEF\xBB\xBF")) reply.remove_prefix(3);
    if (Trim(reply).empty()) return Done("empty_response", "the reply is empty");
    reply_has_crlf_ = reply.find("\r\n") != std::string_view::npos;
    const std::string text = ReplaceAll(std::string(reply), "\r\n", "\n");
    if (Trim(text).starts_with("{")) {
      ReadEnvelope(Trim(text));
    } else {
      ReadBlocks(ReadShape(text));
    }
    return Finish();
  }

 private:
  // --- Ends -------------------------------------------------------------------------------------

  void Error(const std::string& name, const std::string& detail) {
    if (std::ranges::find(result_.errors, name) == result_.errors.end())
      result_.errors.push_back(name);
    result_.detail += (result_.detail.empty() ? "" : "\n") + detail;
  }
  void Warn(const std::string& name) {
    if (!name.empty() && std::ranges::find(result_.warnings, name) == result_.warnings.end())
      result_.warnings.push_back(name);
  }

  ParsedReply Done(const std::string& error, const std::string& detail) {
    Error(error, detail);
    return Finish();
  }

  ParsedReply Finish() {
    if (result_.errors.empty() && files_.empty())
      Error("no_edit", "the reply has no edit of a file");
    if (result_.errors.empty()) Check();
    if (result_.errors.empty()) {
      result_.verdict = ReplyVerdict::kAccept;
      for (const auto& [path, file] : files_) result_.files[path] = FinalBytes(path, file);
      return std::move(result_);
    }
    const bool retry = std::ranges::all_of(
        result_.errors, [](const std::string& e) { return OneOf(e, kRetryable); });
    result_.verdict = retry ? ReplyVerdict::kRetry : ReplyVerdict::kReject;
    return std::move(result_);
  }

  void Check() {
    for (const auto& [path, file] : files_) {
      if (HasElision(file.added, file.before)) {
        Error("content_elided", path + ": a remark stands where code belongs; write the code out");
      }
      const bool shrinks = file.format == Format::kWhole && file.existed &&
                           ShrinksSuspiciously(file.before, file.text, prose_);
      if (shrinks)
        Error("suspicious_shrink", path + ": most of the file and its definitions would vanish");
      if (HasTypographicQuotes(file.added)) Warn("non_ascii_quotes");
    }
  }

  // The file's own line ends, and exactly one newline at its end.
  std::string FinalBytes(const std::string& path, const WorkingFile& file) {
    std::string text = file.text;
    while (text.ends_with("\n")) text.pop_back();
    if (!text.empty()) text += "\n";
    const auto at = context_.existing.find(path);
    const bool crlf = at != context_.existing.end() && at->second.find("\r\n") != std::string::npos;
    if (crlf != reply_has_crlf_) Warn("eol_normalised");
    return crlf ? ReplaceAll(text, "\n", "\r\n") : text;
  }

  // --- Files ------------------------------------------------------------------------------------

  // The file an edit is for; nullptr after an error.
  WorkingFile* Open(const std::string& written, Format format) {
    const auto resolved = paths_.Resolve(written);
    if (!resolved.error.empty()) {
      Error(resolved.error, resolved.error + ": " + ToValidUtf8(written));
      return nullptr;
    }
    Warn(resolved.warning);
    const auto known = files_.find(resolved.path);
    if (known != files_.end()) {
      if (known->second.format != format) {
        Error("duplicate_conflict", resolved.path + " is edited in two ways");
        return nullptr;
      }
      return &known->second;
    }
    WorkingFile& file = files_[resolved.path];
    file.format = format;
    const auto existing = context_.existing.find(resolved.path);
    file.existed = existing != context_.existing.end();
    if (file.existed) file.before = file.text = ReplaceAll(existing->second, "\r\n", "\n");
    return &file;
  }

  void WriteWhole(const std::string& path, const std::string& text) {
    const size_t known = files_.size();
    WorkingFile* file = Open(path, Format::kWhole);
    if (file == nullptr) return;
    if (files_.size() == known) {
      if (file->text == text) return Warn("duplicate_identical");
      return Error("duplicate_conflict", path + " is written twice with different content");
    }
    file->text = file->added = text;
  }

  void Apply(const EditError& error) {
    if (!error.ok()) Error(error.name, error.detail);
  }

  // --- The JSON envelope ------------------------------------------------------------------------

  void ReadEnvelope(std::string_view text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    const bool shaped = json.is_object() && json.contains("files") && json["files"].is_array();
    if (!shaped)
      return Error("envelope_invalid", "the reply starts like JSON and is not {\"files\": [...]}");
    Warn("json_envelope");
    for (const auto& item : json["files"]) {
      const bool whole = item.is_object() && item.contains("path") && item["path"].is_string() &&
                         item.contains("content") && item["content"].is_string();
      if (!whole)
        return Error("envelope_invalid", "every file needs \"path\" and \"content\" as text");
      WriteWhole(item["path"].get<std::string>(),
                 ReplaceAll(item["content"].get<std::string>(), "\r\n", "\n"));
    }
  }

  // --- Blocks -----------------------------------------------------------------------------------

  void ReadBlocks(const ReplyShape& shape) {
    prose_ = shape.prose;
    if (shape.reasoning_stripped) Warn("reasoning_stripped");
    if (shape.outer_unwrapped) Warn("outer_fence_unwrapped");
    std::vector<const Block*> nameless;
    std::optional<std::string> lone;
    const Block* last_tagged = nullptr;
    for (const Block& block : shape.blocks) {
      if (!block.closed) {
        Error("fence_unclosed",
              "a fence is not closed: a finished file cannot be told from a cut one");
        continue;
      }
      if (IsDiff(block)) {
        ReadDiffBlock(block);
        continue;
      }
      if (IsPatch(block)) {
        ReadPatchBlock(block);
        continue;
      }
      if (auto path = paths_.LonePath(block)) {
        lone = path;
        continue;
      }
      auto named = paths_.Find(block);
      if (!named && lone) named = NamedPath{.path = *lone, .warning = "path_from_separate_fence"};
      lone.reset();
      if (named) {
        last_tagged = &block;
        last_path_ = named->path;
        ReadFileBlock(block, *named);
      } else if (HasSearch(block) && !last_path_.empty()) {
        ReadFileBlock(block, NamedPath{.path = last_path_});
      } else {
        if (block.info.empty() && last_tagged != nullptr) CheckAmbiguous(*last_tagged);
        nameless.push_back(&block);
      }
    }
    Assume(nameless);
    ReadFencedEnvelope(nameless);
    const bool ignored =
        std::ranges::any_of(nameless, [&](const Block* b) { return b != assumed_; });
    if (ignored) Warn("untagged_block_ignored");
  }

  static bool HasSearch(const Block& block) {
    return std::ranges::any_of(block.lines, [](const auto& l) { return IsSearchMarker(l); });
  }
  static bool IsPatch(const Block& block) {
    return std::ranges::any_of(block.lines,
                               [](const auto& l) { return Trim(l) == "*** Begin Patch"; });
  }
  static bool IsDiff(const Block& block) {
    for (size_t i = 0; i + 1 < block.lines.size(); ++i) {
      const bool header =
          block.lines[i].starts_with("--- ") && block.lines[i + 1].starts_with("+++ ");
      const bool tagged = block.info.starts_with("diff") || block.info.starts_with("patch") ||
                          block.fence_length == 0;
      if (header && tagged) return true;
    }
    return false;
  }

  // A diff that leaves out which file it is of, because the label says so.
  static bool IsHeaderless(const Block& block, const std::vector<std::string>& lines) {
    if (HasSearch(block)) return false;
    const std::string info = Lowercase(block.info);
    const auto first = std::ranges::find_if(lines, [](const auto& l) { return !Trim(l).empty(); });
    return info.starts_with("diff") || info.starts_with("patch") ||
           (first != lines.end() && first->starts_with("@@"));
  }

  // A bare fence after a tagged block may have been that block's own content: then the block was
  // cut short. It cannot be decided for texts that hold fences, or when a quoted string is left
  // open.
  void CheckAmbiguous(const Block& tagged) {
    const std::string info = Lowercase(tagged.info);
    bool holds_fences =
        info.starts_with("markdown") || info.starts_with("md") || info.starts_with("rst");
    for (const char* extension : {".md", ".markdown", ".rst", ".mdx"})
      holds_fences = holds_fences || Lowercase(last_path_).ends_with(extension);
    const std::string text = Join(tagged.lines, "\n");
    const auto odd = [&](std::string_view quote) {
      size_t count = 0;
      for (size_t at = text.find(quote); at != std::string::npos;
           at = text.find(quote, at + quote.size()))
        ++count;
      return count % 2 == 1;
    };
    if (tagged.fence_length > 0 && (holds_fences || odd("\"\"\"") || odd("'''"))) {
      Error("fence_ambiguous",
            last_path_ + ": fences inside a fence of the same length; use a longer outer fence");
    }
  }

  void ReadFileBlock(const Block& block, const NamedPath& named) {
    Warn(named.warning);
    std::vector<std::string> lines = block.lines;
    if (named.strip_first_line) lines.erase(lines.begin());
    if (IsHeaderless(block, lines)) {
      lines.insert(lines.begin(), {"--- a/" + named.path, "+++ b/" + named.path});
      return ReadDiffLines(lines);
    }
    if (std::ranges::any_of(lines, [](const auto& l) { return IsSearchMarker(l); })) {
      if (block.fence_length == 0) Warn("fence_missing");
      return ReadSearchBlock(lines, named.path);
    }
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    WriteWhole(named.path, text);
  }

  void ReadSearchBlock(const std::vector<std::string>& lines, const std::string& path) {
    std::vector<SearchReplace> edits;
    if (const EditError error = ReadSearchReplace(lines, edits); !error.ok()) return Apply(error);
    WorkingFile* file = Open(path, Format::kSearch);
    if (file == nullptr) return;
    for (const SearchReplace& edit : edits) {
      Apply(ApplySearchReplace(edit, file->existed, file->text, result_.warnings));
      for (const std::string& line : edit.replace) file->added += line + "\n";
    }
  }

  void ApplyHunks(WorkingFile& file, const std::vector<Hunk>& hunks) {
    for (const Hunk& hunk : hunks) {
      if (hunk.before.empty() && !file.existed) {
        for (const std::string& line : hunk.after) file.text += line + "\n";
      } else {
        Apply(ApplyHunk(hunk, file.text, result_.warnings));
      }
      for (const std::string& line : hunk.after) file.added += line + "\n";
    }
  }

  void ReadDiffBlock(const Block& block) { ReadDiffLines(block.lines); }

  void ReadDiffLines(const std::vector<std::string>& lines) {
    std::vector<FileDiff> diffs;
    if (const EditError error = ReadDiff(lines, diffs); !error.ok()) return Apply(error);
    for (const FileDiff& diff : diffs) {
      if (diff.hunks.empty())
        Error("diff_malformed", diff.new_path + ": the diff has no hunk that starts with @@");
      if (diff.new_path == "/dev/null") {
        Error("delete_not_allowed", diff.old_path + " would be deleted");
        continue;
      }
      const bool renames = diff.old_path != "/dev/null" && diff.old_path != diff.new_path;
      if (renames && paths_.Resolve(diff.old_path).error.empty()) {
        const auto target = paths_.Resolve(diff.new_path);
        Error(target.error.empty() ? "rename_not_allowed" : target.error,
              diff.old_path + " would be renamed");
        continue;
      }
      WorkingFile* file = Open(diff.new_path, Format::kDiff);
      if (file != nullptr) ApplyHunks(*file, diff.hunks);
    }
  }

  void ReadPatchBlock(const Block& block) {
    std::vector<PatchSection> sections;
    if (const EditError error = ReadPatch(block.lines, sections); !error.ok()) return Apply(error);
    for (const PatchSection& section : sections) {
      if (!section.move_to.empty()) {
        const auto target = paths_.Resolve(section.move_to);
        Error(target.error.empty() ? "rename_not_allowed" : target.error,
              section.path + " would be moved to " + section.move_to);
        continue;
      }
      if (section.kind == PatchSection::Kind::kDelete) {
        const auto target = paths_.Resolve(section.path);
        Error(target.error == "path_unsafe" ? target.error : "delete_not_allowed",
              section.path + " would be deleted");
        continue;
      }
      if (section.kind == PatchSection::Kind::kAdd) {
        std::string text;
        for (const std::string& line : section.added) text += line + "\n";
        WriteWhole(section.path, text);
        continue;
      }
      WorkingFile* file = Open(section.path, Format::kDiff);
      if (file != nullptr) ApplyHunks(*file, section.hunks);
    }
  }

  // No path anywhere: with one target and one block that could be a file, that is meant.
  void Assume(const std::vector<const Block*>& nameless) {
    if (!files_.empty() || !result_.errors.empty()) return;
    std::vector<const Block*> candidates;
    std::ranges::copy_if(nameless, std::back_inserter(candidates), [](const Block* b) {
      const std::string info = Lowercase(b->info);
      const bool envelope =
          info == "json" && Join(b->lines, "\n").find("\"files\"") != std::string::npos;
      return !IsShellOrOutput(b->info) && !envelope && !b->lines.empty();
    });
    if (candidates.size() == 1 && context_.targets.size() == 1) {
      assumed_ = candidates.front();
      return ReadFileBlock(*assumed_, NamedPath{.path = context_.targets.front(),
                                                .warning = "path_assumed_single_target"});
    }
    if (!candidates.empty()) Error("path_missing", "a block does not say which file it is for");
  }

  void ReadFencedEnvelope(const std::vector<const Block*>& nameless) {
    if (!files_.empty() || !result_.errors.empty()) return;
    for (const Block* block : nameless) {
      const std::string text = Join(block->lines, "\n");
      if (Lowercase(block->info) != "json" || text.find("\"files\"") == std::string::npos) continue;
      assumed_ = block;
      return ReadEnvelope(Trim(text));
    }
  }

  const ReplyContext& context_;
  PathFinder paths_;
  ParsedReply result_;
  std::map<std::string, WorkingFile> files_;
  std::string prose_, last_path_;
  const Block* assumed_ = nullptr;
  bool reply_has_crlf_ = false;
};

}  // namespace

ParsedReply ParseReply(std::string_view reply, const ReplyContext& context) {
  return Parser(context).Parse(reply);
}

}  // namespace ratchet::generation
