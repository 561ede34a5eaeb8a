// The policy over the parts: stop reason and encoding first, then the envelope or the blocks, then
// every edit against the files, at last the checks on what would be written. Errors are collected;
// any of them means that nothing is applied.

#include "core/generation/reply_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "core/base/text.h"
#include "core/generation/reply_blocks.h"
#include "core/generation/reply_edits.h"
#include "core/generation/reply_envelope.h"
#include "core/generation/reply_files.h"
#include "core/generation/reply_labels.h"
#include "core/generation/reply_lines.h"
#include "core/generation/reply_paths.h"
#include "core/generation/reply_reasoning.h"

namespace ratchet::generation {
namespace {

// One repair round may mend these; the others would need a guess.
constexpr auto kRetryable = std::to_array<std::string_view>(
    {"response_truncated", "empty_response", "no_edit", "search_not_found", "hunk_not_found",
     "envelope_invalid", "path_missing", "diff_malformed"});

bool HasSearch(const Block& block) { return std::ranges::any_of(block.lines, IsSearchMarker); }

bool IsPatch(const Block& block) {
  return std::ranges::any_of(block.lines,
                             [](const auto& l) { return Trim(l) == "*** Begin Patch"; });
}

bool SaysDiff(const std::string& info) {
  const std::string lower = Lowercase(info);
  return lower.starts_with("diff") || lower.starts_with("patch");
}

// A command or its output, and no edit.
bool IsNoise(const Block& block) { return IsShellOrOutput(block.info) && !HasSearch(block); }

class Parser {
 public:
  explicit Parser(const ReplyContext& context)
      : context_(context), paths_(context), files_(context, paths_, findings_) {}

  ParsedReply Parse(std::string_view reply) {
    if (context_.stop == StopReason::kCutOff)
      return Done("response_truncated", "the reply was cut off");
    if (context_.stop == StopReason::kRefused) return Done("model_refused", "the model refused");
    if (!IsValidUtf8(reply)) return Done("encoding_invalid", "the reply is not UTF-8");
    if (reply.starts_with("\xEF\xBB\xBF")) reply.remove_prefix(3);
    if (Trim(reply).empty()) return Done("empty_response", "the reply is empty");
    if (reply.find("\r\n") != std::string_view::npos) line_ends_ = LineEnds::kCrlf;
    Answer answer = StripReasoning(ReplaceAll(std::string(reply), "\r\n", "\n"));
    if (answer.reasoning_stripped) findings_.Warn("reasoning_stripped");
    const std::string text = Join(answer.lines, "\n");
    if (Trim(text).starts_with("{")) {
      WriteEnvelope(Trim(text));
    } else {
      ReadBlocks(ReadShape(std::move(answer.lines)));
    }
    return Finish();
  }

 private:
  ParsedReply Done(const std::string& error, const std::string& detail) {
    findings_.Error(error, detail);
    return Finish();
  }

  ParsedReply Finish() {
    const auto& errors = findings_.errors;
    if (errors.empty() && files_.empty())
      findings_.Error("no_edit", "the reply has no edit of a file");
    if (errors.empty()) files_.Check(prose_);
    ParsedReply result;
    if (errors.empty()) {
      result.verdict = ReplyVerdict::kAccept;
      result.files = files_.FinalBytes(line_ends_);
    } else {
      const bool retry =
          std::ranges::all_of(errors, [](const std::string& e) { return OneOf(e, kRetryable); });
      result.verdict = retry ? ReplyVerdict::kRetry : ReplyVerdict::kReject;
    }
    result.errors = std::move(findings_.errors);
    result.warnings = std::move(findings_.warnings);
    result.detail = std::move(findings_.detail);
    return result;
  }

  void WriteEnvelope(std::string_view text) {
    const auto envelope = ReadEnvelope(text);
    if (!envelope) {
      return findings_.Error("envelope_invalid",
                             "this looks like JSON and is not {\"files\": [{\"path\": \"...\", "
                             "\"content\": \"...\"}]}");
    }
    findings_.Warn("json_envelope");
    for (const EnvelopeFile& file : *envelope) {
      if (file.content.find("\r\n") != std::string::npos) line_ends_ = LineEnds::kCrlf;
      files_.WriteWhole(file.path, ReplaceAll(file.content, "\r\n", "\n"));
    }
  }

  // --- Blocks -----------------------------------------------------------------------------------

  void ReadBlocks(ReplyShape shape) {
    Unwrap(shape);
    prose_ = shape.prose;
    for (const Block& block : shape.blocks) ReadBlock(block);
    Assume();
    const bool ignored =
        std::ranges::any_of(nameless_, [&](const Block* b) { return b != assumed_; });
    if (ignored) findings_.Warn("untagged_block_ignored");
  }

  // An untagged fence around blocks that name files is the model's wrapping of its whole answer:
  // taken off once.
  void Unwrap(ReplyShape& shape) {
    const auto wraps = [&](const Block& block) { return IsWrapper(block); };
    const auto wrapper = std::ranges::find_if(shape.blocks, wraps);
    if (wrapper == shape.blocks.end()) return;
    const bool alone = std::ranges::all_of(
        shape.blocks, [&](const Block& b) { return &b == &*wrapper || IsNoise(b); });
    ReplyShape inner = ReadShape(wrapper->lines);
    if (!alone || std::ranges::any_of(inner.blocks, wraps)) {
      return findings_.Error("fence_ambiguous",
                             "a fence holds other blocks that name files; write each block on its "
                             "own");
    }
    findings_.Warn("outer_fence_unwrapped");
    shape.prose += inner.prose;
    const auto place = shape.blocks.erase(wrapper);
    shape.blocks.insert(place, inner.blocks.begin(), inner.blocks.end());
  }

  [[nodiscard]] bool IsWrapper(const Block& block) const {
    static constexpr auto kWrappers =
        std::to_array<std::string_view>({"", "markdown", "md", "text"});
    if (!block.closed || block.fence_length == 0 || !OneOf(Lowercase(block.info), kWrappers))
      return false;
    const auto label = paths_.LabelAbove(block);
    if (label && HoldsFences(*label)) return false;
    const auto inner = ReadShape(block.lines).blocks;
    return std::ranges::any_of(inner, [&](const Block& b) {
      const bool edits = paths_.Find(b) || IsDiff(b) || IsPatch(b) || HasSearch(b) || IsWrapper(b);
      return b.fence_length > 0 && b.closed && edits;
    });
  }

  void ReadBlock(const Block& block) {
    if (!block.closed) {
      return findings_.Error(
          "fence_unclosed", "a fence is not closed: a finished file cannot be told from a cut one");
    }
    if (IsDiff(block)) {
      if (block.fence_length == 0) findings_.Warn("fence_missing");
      return ReadDiffLines(block.lines);
    }
    if (IsPatch(block)) return ReadPatchLines(block.lines);
    if (auto path = paths_.LonePath(block)) {
      lone_ = path;
      return;
    }
    auto named = paths_.Find(block);
    if (IsEnvelope(block, named)) return WriteEnvelope(Trim(Join(block.lines, "\n")));
    // A command neither takes the name nor stands between it and its file.
    if (!named && lone_ && (!IsNoise(block) || IsScript(*lone_)))
      named = NamedPath{.path = *lone_, .warning = "path_from_separate_fence"};
    if (named || !IsNoise(block)) lone_.reset();
    if (named) {
      last_tagged_ = &block;
      last_path_ = named->path;
      ReadFileBlock(block, *named);
    } else if (HasSearch(block) && !last_path_.empty()) {
      ReadFileBlock(block, NamedPath{.path = last_path_});
    } else {
      if (block.info.empty() && last_tagged_ != nullptr) CheckAmbiguous(*last_tagged_);
      nameless_.push_back(&block);
    }
  }

  // File names and a hunk, in a block that is said to be a diff or that begins so.
  [[nodiscard]] bool IsDiff(const Block& block) const {
    const auto& lines = block.lines;
    const auto header = [&](size_t i) {
      return i + 1 < lines.size() && lines[i].starts_with("--- ") &&
             lines[i + 1].starts_with("+++ ");
    };
    if (SaysDiff(block.info) || block.fence_length == 0) {
      for (size_t i = 0; i < lines.size(); ++i) {
        if (header(i)) return true;
      }
      return false;
    }
    const auto path = paths_.FromInfo(block.info);
    const bool holds_diffs =
        path && (HoldsFences(*path) || path->ends_with(".diff") || path->ends_with(".patch"));
    return !holds_diffs && header(0) && lines.size() > 2 && lines[2].starts_with("@@");
  }

  // Told by its content, for its fence says little; but a file of JSON may look like one.
  [[nodiscard]] bool IsEnvelope(const Block& block, const std::optional<NamedPath>& named) const {
    const std::string text = Join(block.lines, "\n");
    if (!LooksLikeEnvelope(text) || paths_.FromInfo(block.info)) return false;
    return (!named || !named->path.ends_with(".json")) && ReadEnvelope(text).has_value();
  }

  // A bare fence after a tagged block may have been that block's own content: then the block was
  // cut short. It cannot be decided for texts that hold fences, or when a quoted string is left
  // open.
  void CheckAmbiguous(const Block& tagged) {
    const std::string text = Join(tagged.lines, "\n");
    const auto odd = [&](std::string_view quote) {
      size_t count = 0;
      for (size_t at = text.find(quote); at != std::string::npos;
           at = text.find(quote, at + quote.size()))
        ++count;
      return count % 2 == 1;
    };
    const bool holds_fences =
        HoldsFences(last_path_) ||
        HoldsFences("a." + tagged.info.substr(0, tagged.info.find_first_of(" :{")));
    if (tagged.fence_length > 0 && (holds_fences || odd("\"\"\"") || odd("'''") || odd("`"))) {
      findings_.Error(
          "fence_ambiguous",
          last_path_ + ": fences inside a fence of the same length; use a longer outer fence");
    }
  }

  // --- One block --------------------------------------------------------------------------------

  void ReadFileBlock(const Block& block, const NamedPath& named) {
    findings_.Warn(named.warning);
    std::vector<std::string> lines = block.lines;
    if (named.strip_first_line) lines.erase(lines.begin());
    if (IsHeaderless(block, lines)) {
      lines.insert(lines.begin(), {"--- a/" + named.path, "+++ b/" + named.path});
      return ReadDiffLines(lines);
    }
    if (SwallowsBlock(block)) {
      return findings_.Error("fence_unclosed",
                             named.path + ": the next file begins before this block is closed");
    }
    if (HasSearch(block)) {
      if (block.fence_length == 0) findings_.Warn("fence_missing");
      return ReadSearchLines(lines, named.path);
    }
    files_.WriteWhole(named.path, TextOf(lines));
  }

  // A diff that leaves out which file it is of, because the label says so.
  static bool IsHeaderless(const Block& block, const std::vector<std::string>& lines) {
    if (HasSearch(block)) return false;
    const auto first = std::ranges::find_if(lines, [](const auto& l) { return !Trim(l).empty(); });
    return SaysDiff(block.info) || (first != lines.end() && first->starts_with("@@"));
  }

  // The opener of another file's block inside: the closer that ends this block was meant for it.
  [[nodiscard]] bool SwallowsBlock(const Block& block) const {
    return std::ranges::any_of(block.lines, [&](const std::string& line) {
      const auto fence = ReadFence(line);
      if (!fence || fence->info.empty() || fence->length < block.fence_length ||
          block.fence_length == 0 || fence->character != block.fence_character)
        return false;
      return paths_.FromInfo(fence->info).has_value();
    });
  }

  // Several files may stand in one fence, each edit below the path of its file.
  void ReadSearchLines(const std::vector<std::string>& lines, std::string path) {
    std::vector<SearchReplace> edits;
    if (const EditError error = ReadSearchReplace(lines, edits); !error.ok())
      return findings_.Error(error);
    for (const SearchReplace& edit : edits) {
      const auto comment = CommentOf(edit.label);
      const std::string label(LabelText(comment ? *comment : std::string_view(edit.label)));
      if (!label.empty() && !paths_.IsKnown(label) && !LooksLikePath(label)) {
        return findings_.Error("block_malformed",
                               "a line stands outside of a SEARCH/REPLACE block: " + edit.label);
      }
      if (!label.empty()) last_path_ = path = label;
      files_.Apply(path, edit);
    }
  }

  void ReadDiffLines(const std::vector<std::string>& lines) {
    std::vector<FileDiff> diffs;
    if (const EditError error = ReadDiff(lines, diffs); !error.ok()) return findings_.Error(error);
    for (const FileDiff& diff : diffs) {
      if (diff.hunks.empty()) {
        findings_.Error("diff_malformed",
                        diff.new_path + ": the diff has no hunk that starts with @@");
      }
      if (diff.new_path == "/dev/null") {
        findings_.Error("delete_not_allowed", diff.old_path + " would be deleted");
      } else if (diff.old_path == "/dev/null") {
        std::vector<std::string> added;
        for (const Hunk& hunk : diff.hunks)
          added.insert(added.end(), hunk.after.begin(), hunk.after.end());
        files_.WriteNew(diff.new_path, added);
      } else if (diff.old_path != diff.new_path && paths_.Resolve(diff.old_path).error.empty()) {
        Move(diff.old_path, diff.new_path);
      } else {
        files_.Apply(diff.new_path, diff.hunks);
      }
    }
  }

  void ReadPatchLines(const std::vector<std::string>& lines) {
    std::vector<PatchSection> sections;
    if (const EditError error = ReadPatch(lines, sections); !error.ok())
      return findings_.Error(error);
    for (const PatchSection& section : sections) {
      if (!section.move_to.empty()) {
        Move(section.path, section.move_to);
      } else if (section.kind == PatchSection::Kind::kDelete) {
        const auto target = paths_.Resolve(section.path);
        findings_.Error(target.error == "path_unsafe" ? target.error : "delete_not_allowed",
                        section.path + " would be deleted");
      } else if (section.kind == PatchSection::Kind::kAdd) {
        files_.WriteNew(section.path, section.added);
      } else if (section.hunks.empty()) {
        findings_.Error("no_edit", section.path + ": the patch has no hunk");
      } else {
        files_.Apply(section.path, section.hunks);
      }
    }
  }

  void Move(const std::string& from, const std::string& to) {
    const auto target = paths_.Resolve(to);
    findings_.Error(target.error.empty() ? "rename_not_allowed" : target.error,
                    from + " would be moved to " + to);
  }

  // --- Without a name ---------------------------------------------------------------------------

  // No path anywhere: with one target and one block that could be a file, that is meant.
  void Assume() {
    if (!files_.empty() || !findings_.errors.empty()) return;
    std::vector<const Block*> candidates;
    std::ranges::copy_if(nameless_, std::back_inserter(candidates),
                         [](const Block* b) { return !IsNoise(*b) && !b->lines.empty(); });
    if (candidates.empty()) return;
    if (candidates.size() > 1 || context_.targets.size() != 1)
      return findings_.Error("path_missing", "a block does not say which file it is for");
    assumed_ = candidates.front();
    // It says that it is another thing than a file.
    if (LooksLikeEnvelope(Join(assumed_->lines, "\n")) &&
        !context_.targets.front().ends_with(".json"))
      return WriteEnvelope(Trim(Join(assumed_->lines, "\n")));
    if (HoldsFence(*assumed_) && !HoldsFences(context_.targets.front())) {
      return findings_.Error("fence_ambiguous",
                             "a block without a path holds fences; write the path on its fence");
    }
    ReadFileBlock(*assumed_, NamedPath{.path = context_.targets.front(),
                                       .warning = "path_assumed_single_target"});
  }

  static bool HoldsFence(const Block& block) {
    return std::ranges::any_of(block.lines,
                               [](const auto& line) { return ReadFence(line).has_value(); });
  }

  const ReplyContext& context_;
  PathFinder paths_;
  Findings findings_;
  WorkingFiles files_;
  LineEnds line_ends_ = LineEnds::kLf;
  std::string prose_;
  std::optional<std::string> lone_;     // the path that waits for its block
  const Block* last_tagged_ = nullptr;  // the last block with a name, and that name
  std::string last_path_;
  std::vector<const Block*> nameless_;
  const Block* assumed_ = nullptr;
};

}  // namespace

ParsedReply ParseReply(std::string_view reply, const ReplyContext& context) {
  return Parser(context).Parse(reply);
}

}  // namespace ratchet::generation
