#include "core/generation/reply_reasoning.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "core/base/text.h"
#include "core/generation/reply_lines.h"

namespace ratchet::generation {
namespace {

struct Tag {
  std::string_view begin, end;  // lower case; any case is read
};
constexpr auto kTags = std::to_array<Tag>({{"<think>", "</think>"},
                                           {"<thinking>", "</thinking>"},
                                           {"<thought>", "</thought>"},
                                           {"<reasoning>", "</reasoning>"},
                                           {"<reflection>", "</reflection>"},
                                           {"<analysis>", "</analysis>"},
                                           {"<scratchpad>", "</scratchpad>"},
                                           {"[think]", "[/think]"},
                                           {"<|begin_of_thought|>", "<|end_of_thought|>"}});

// Whether a line stands inside of a fence, told line by line.
class FenceState {
 public:
  // True for content of a fence and its closer; false for prose and for an opener.
  bool Inside(std::string_view line) {
    const auto fence = ReadFence(line);
    if (!open_) {
      open_ = fence;
      return false;
    }
    if (fence && Closes(*fence, *open_)) open_.reset();
    return true;
  }

 private:
  std::optional<Fence> open_;
};

// Some templates put the opening tag into the prompt: then the reply begins with a draft that only
// ends with a tag. Takes that draft away.
bool StripHeadlessDraft(std::vector<std::string>& lines) {
  FenceState fences;
  bool edit = false;  // a SEARCH/REPLACE block without a fence
  for (size_t i = 0; i < lines.size(); ++i) {
    edit = edit ? !IsReplaceMarker(lines[i]) : IsSearchMarker(lines[i]);
    if (edit || fences.Inside(lines[i])) continue;
    const std::string lower = Lowercase(lines[i]);
    for (const Tag& tag : kTags) {
      if (lower.find(tag.begin) != std::string::npos) return false;
      if (!Trim(lower).starts_with(tag.end)) continue;
      lines[i].erase(0, lower.find(tag.end) + tag.end.size());
      lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
  }
  return false;
}

class Stripper {
 public:
  explicit Stripper(std::vector<std::string> lines) : lines_(std::move(lines)) {}

  Answer Strip() {
    answer_.reasoning_stripped = StripHeadlessDraft(lines_);
    for (at_ = 0; at_ < lines_.size(); ++at_) {
      const std::string& line = lines_[at_];
      if (open_ != nullptr) {
        Draft(line);
      } else if (fences_.Inside(line)) {
        answer_.lines.push_back(line);
      } else {
        Prose(line);
      }
    }
    return std::move(answer_);
  }

 private:
  // Inside of a draft: waits for its end. A tag alone on its line opens a draft in the draft.
  void Draft(const std::string& line) {
    const std::string lower = Lowercase(line);
    if (Trim(lower) == open_->begin) ++depth_;
    const size_t end = lower.find(open_->end);
    if (end == std::string::npos || --depth_ > 0) return;
    const std::string rest = line.substr(end + open_->end.size());
    open_ = nullptr;
    if (Trim(rest).empty()) return;
    fences_.Inside(rest);
    Prose(rest);
  }

  void Prose(std::string_view line) {
    const std::string lower = Lowercase(line);
    bool cut = false;
    size_t from = 0;  // what stands before has been a draft
    while (const Tag* tag = OpenerAtStart(std::string_view(lower).substr(from))) {
      answer_.reasoning_stripped = cut = true;
      const size_t end = lower.find(tag->end, from);
      if (end == std::string::npos) return Open(tag);
      from = end + tag->end.size();
    }
    if (cut) fences_.Inside(line.substr(from));
    std::string text(line.substr(from));
    if (const Tag* tag = OpenerAtEnd(std::string_view(lower).substr(from))) {
      answer_.reasoning_stripped = cut = true;
      text.resize(lower.rfind(tag->begin) - from);
      Open(tag);
    }
    if (!cut || !Trim(text).empty()) answer_.lines.push_back(std::move(text));
  }

  void Open(const Tag* tag) {
    open_ = tag;
    depth_ = 1;
  }

  static const Tag* OpenerAtStart(std::string_view lower) {
    const auto* tag =
        std::ranges::find_if(kTags, [&](const Tag& t) { return Trim(lower).starts_with(t.begin); });
    return tag == kTags.end() ? nullptr : tag;
  }

  // A draft that begins behind other text must be ended further on: in a sentence, a tag is only
  // spoken of.
  const Tag* OpenerAtEnd(std::string_view lower) {
    const auto* tag = std::ranges::find_if(
        kTags, [&](const Tag& t) { return Trim(lower).ends_with(t.begin) && EndsLater(&t); });
    return tag == kTags.end() ? nullptr : tag;
  }

  bool EndsLater(const Tag* tag) {
    if (never_ended_.contains(tag)) return false;
    for (size_t i = at_ + 1; i < lines_.size(); ++i) {
      if (Trim(Lowercase(lines_[i])).starts_with(tag->end)) return true;
    }
    never_ended_.insert(tag);
    return false;
  }

  std::vector<std::string> lines_;
  size_t at_ = 0;
  FenceState fences_;
  const Tag* open_ = nullptr;
  int depth_ = 0;
  std::set<const Tag*> never_ended_;  // from here on
  Answer answer_;
};

}  // namespace

Answer StripReasoning(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : SplitLines(text)) lines.emplace_back(line);
  return Stripper(std::move(lines)).Strip();
}

}  // namespace ratchet::generation
