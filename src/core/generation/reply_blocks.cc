#include "core/generation/reply_blocks.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/generation/reply_lines.h"

namespace ratchet::generation {
namespace {

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
    Block block{.info = fence.info,
                .above = above_,
                .fence_length = fence.length,
                .fence_character = fence.character,
                .closed = false};
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

}  // namespace

ReplyShape ReadShape(std::vector<std::string> lines) {
  return ShapeReader(std::move(lines)).Read();
}

}  // namespace ratchet::generation
