#include "core/generation/reply_blocks.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/text.h"

namespace ratchet::generation {
namespace {

struct Fence {
  char character = '`';
  size_t length = 0, indent = 0;
  std::string info;
};

std::optional<Fence> ReadFence(std::string_view line) {
  Fence fence;
  while (fence.indent < line.size() && line[fence.indent] == ' ') ++fence.indent;
  if (fence.indent > 3 || fence.indent == line.size()) return std::nullopt;
  fence.character = line[fence.indent];
  if (fence.character != '`' && fence.character != '~') return std::nullopt;
  size_t at = fence.indent;
  while (at < line.size() && line[at] == fence.character) ++at;
  fence.length = at - fence.indent;
  if (fence.length < 3) return std::nullopt;
  fence.info = Trim(line.substr(at));
  if (fence.character == '`' && fence.info.find('`') != std::string::npos) return std::nullopt;
  return fence;
}

bool Closes(const Fence& closer, const Fence& opener) {
  return closer.character == opener.character && closer.length >= opener.length &&
         closer.info.empty();
}

bool RepeatsThenWord(std::string_view line, char character, std::string_view word) {
  line = Trim(line);
  size_t count = 0;
  while (count < line.size() && line[count] == character) ++count;
  return count >= 5 && count <= 9 && Trim(line.substr(count)) == word;
}

constexpr auto kReasoningTags =
    std::to_array<std::string_view>({"think", "thinking", "reasoning", "scratchpad"});

// Some templates put the opening tag into the prompt: then the reply begins with a draft that only
// ends with a tag. The number of lines up to and with that end.
size_t HeadlessDraft(const std::vector<std::string_view>& lines) {
  std::optional<Fence> open;
  bool edit = false;  // a SEARCH/REPLACE block without a fence
  for (size_t i = 0; i < lines.size(); ++i) {
    edit = edit ? !IsReplaceMarker(lines[i]) : IsSearchMarker(lines[i]);
    if (edit) continue;
    const auto fence = ReadFence(lines[i]);
    if (open) {
      if (fence && Closes(*fence, *open)) open.reset();
      continue;
    }
    if (fence) open = fence;
    for (const std::string_view tag : kReasoningTags) {
      if (lines[i].find("<" + std::string(tag) + ">") != std::string_view::npos) return 0;
      if (Trim(lines[i]) == "</" + std::string(tag) + ">") return i + 1;
    }
  }
  return 0;
}

// Drafts that a reasoning model leaked, outside of fences.
std::vector<std::string> StripReasoning(std::vector<std::string_view> lines, bool& stripped) {
  if (const size_t draft = HeadlessDraft(lines); draft > 0) {
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(draft));
    stripped = true;
  }
  std::vector<std::string> kept;
  std::optional<Fence> open;
  std::string closing;  // the end tag that is waited for
  for (std::string_view line : lines) {
    if (!closing.empty()) {
      const size_t end = line.find(closing);
      if (end == std::string_view::npos) continue;
      line.remove_prefix(end + closing.size());
      closing.clear();
      if (Trim(line).empty()) continue;
    }
    if (open) {
      const auto fence = ReadFence(line);
      if (fence && Closes(*fence, *open)) open.reset();
      kept.emplace_back(line);
      continue;
    }
    if (const auto fence = ReadFence(line)) open = fence;
    std::string text(line);
    for (const std::string_view tag : kReasoningTags) {
      const std::string begin = "<" + std::string(tag) + ">", end = "</" + std::string(tag) + ">";
      const size_t at = text.find(begin);
      if (at == std::string::npos || !Trim(std::string_view(text).substr(0, at)).empty()) continue;
      stripped = true;
      const size_t close = text.find(end, at);
      if (close == std::string::npos) {
        closing = end;
        text = text.substr(0, at);
      } else {
        text = text.substr(0, at) + text.substr(close + end.size());
      }
      break;
    }
    if (closing.empty() || !Trim(text).empty()) kept.push_back(std::move(text));
  }
  return kept;
}

class ShapeReader {
 public:
  explicit ShapeReader(std::vector<std::string> lines) : lines_(std::move(lines)) {}

  ReplyShape Read() {
    while (at_ < lines_.size()) {
      if (auto fence = ReadFence(lines_[at_])) {
        ReadFenced(*fence);
      } else if (IsSearchMarker(lines_[at_]) || StartsDiff() ||
                 Trim(lines_[at_]) == "*** Begin Patch") {
        ReadBare();
      } else {
        shape_.prose += lines_[at_] + "\n";
        above_.push_back(lines_[at_]);
        if (above_.size() > 2) above_.erase(above_.begin());
        ++at_;
      }
    }
    return std::move(shape_);
  }

 private:
  [[nodiscard]] bool StartsDiff() const {
    return lines_[at_].starts_with("--- ") && at_ + 1 < lines_.size() &&
           lines_[at_ + 1].starts_with("+++ ");
  }

  void ReadFenced(const Fence& fence) {
    Block block{.info = fence.info, .above = above_, .fence_length = fence.length, .closed = false};
    for (++at_; at_ < lines_.size(); ++at_) {
      const auto closer = ReadFence(lines_[at_]);
      if (closer && Closes(*closer, fence)) {
        block.closed = true;
        ++at_;
        break;
      }
      // A fence that is indented, in a list, indents its content too.
      const std::string& line = lines_[at_];
      const size_t spaces = std::min(fence.indent, line.find_first_not_of(' ') == std::string::npos
                                                       ? line.size()
                                                       : line.find_first_not_of(' '));
      block.lines.push_back(line.substr(spaces));
    }
    Add(std::move(block));
  }

  void ReadBare() {
    Block block{.above = above_};
    const bool patch = Trim(lines_[at_]) == "*** Begin Patch";
    const bool diff = !patch && StartsDiff();
    for (; at_ < lines_.size(); ++at_) {
      if (!patch && ReadFence(lines_[at_]) &&
          (diff || block.lines.empty() || IsReplaceMarker(block.lines.back())))
        break;
      block.lines.push_back(lines_[at_]);
      const bool ends =
          patch ? Trim(lines_[at_]) == "*** End Patch" : !diff && IsReplaceMarker(lines_[at_]);
      if (ends) {
        ++at_;
        break;
      }
    }
    Add(std::move(block));
  }

  void Add(Block block) {
    shape_.blocks.push_back(std::move(block));
    above_.clear();
  }

  std::vector<std::string> lines_;
  size_t at_ = 0;
  std::vector<std::string> above_;
  ReplyShape shape_;
};

bool HoldsTaggedBlock(const Block& block) {
  return std::ranges::any_of(block.lines, [](const std::string& line) {
    const auto fence = ReadFence(line);
    return fence && (fence->info.find(':') != std::string::npos ||
                     fence->info.find('/') != std::string::npos ||
                     fence->info.find('=') != std::string::npos);
  });
}

bool IsWrapperInfo(const std::string& info) {
  const std::string lower = Lowercase(info);
  return lower.empty() || lower == "markdown" || lower == "md" || lower == "text";
}

}  // namespace

bool IsSearchMarker(std::string_view line) { return RepeatsThenWord(line, '<', "SEARCH"); }
bool IsDividerMarker(std::string_view line) { return RepeatsThenWord(line, '=', ""); }
bool IsReplaceMarker(std::string_view line) { return RepeatsThenWord(line, '>', "REPLACE"); }

ReplyShape ReadShape(std::string_view text) {
  bool stripped = false;
  ReplyShape shape = ShapeReader(StripReasoning(SplitLines(text), stripped)).Read();
  // An untagged fence around tagged ones is the model's wrapping of its whole answer: taken off
  // once.
  if (shape.blocks.size() == 1 && shape.blocks[0].fence_length > 3 && shape.blocks[0].closed &&
      IsWrapperInfo(shape.blocks[0].info) && HoldsTaggedBlock(shape.blocks[0])) {
    const std::string prose = shape.prose;
    shape = ShapeReader(shape.blocks[0].lines).Read();
    shape.prose = prose + shape.prose;
    shape.outer_unwrapped = true;
  }
  shape.reasoning_stripped = stripped;
  return shape;
}

}  // namespace ratchet::generation
