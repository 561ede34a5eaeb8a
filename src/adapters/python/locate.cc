#include "adapters/python/locate.h"

#include <algorithm>
#include <charconv>

#include "adapters/python/facts.h"
#include "core/base/text.h"

namespace ratchet::python {
namespace {

size_t CommonSuffix(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[a.size() - 1 - same] == b[b.size() - 1 - same])
    ++same;
  return same;
}

const SourceFile* FindFile(const ComponentTree& tree, const std::string& reported) {
  const auto wanted = Split(ReplaceAll(reported, "\\", "/"), '/');
  const SourceFile* best = nullptr;
  size_t best_length = 0;
  bool tie = false;
  for (const SourceFile& file : tree.files) {
    const auto parts = Split(file.path, '/');
    const size_t same = CommonSuffix(parts, wanted);
    if (same == 0) continue;
    // The whole relative path beats a partial match of the same length.
    const size_t score = same * 2 + (same == parts.size() ? 1 : 0);
    if (score == best_length) tie = true;
    if (score > best_length) {
      best = &file;
      best_length = score;
      tie = false;
    }
  }
  return tie ? nullptr : best;
}

// One of them may be qualified further than the other: "SearchIndex.rank" and "rank".
bool SameName(const std::string& a, const std::string& b) {
  return a == b || a.ends_with("." + b) || b.ends_with("." + a);
}

}  // namespace

std::optional<CodeSite> Locate(const ComponentTree& tree, const CodeLocation& location) {
  std::vector<const SourceFile*> files;
  if (!location.file.empty()) {
    if (const SourceFile* file = FindFile(tree, location.file)) files.push_back(file);
  } else {
    for (const SourceFile& file : tree.files) {
      if (file.path.ends_with(".py")) files.push_back(&file);
    }
  }
  std::vector<CodeSite> by_name;
  for (const SourceFile* file : files) {
    const auto functions = Functions(SyntaxTree(file->text));
    const FunctionFacts* innermost = nullptr;
    for (const FunctionFacts& function : functions) {
      const bool inside =
          function.first_line <= location.line && location.line <= function.last_line;
      if (!location.file.empty() && inside) innermost = &function;  // later ones are nested deeper
      const std::string& wanted = location.function;
      const bool named = !wanted.empty() && SameName(wanted, function.name);
      if (named) by_name.push_back({file->path, function});
    }
    // A line that fits the name decides; a line alone is good enough where no name was given.
    const bool agrees = innermost != nullptr &&
                        (location.function.empty() || SameName(location.function, innermost->name));
    if (agrees) return CodeSite{file->path, *innermost};
  }
  if (by_name.size() == 1) return by_name.front();
  return std::nullopt;
}

std::optional<CodeLocation> InnermostFrame(const ComponentTree& tree,
                                           std::string_view stack_trace) {
  std::optional<CodeLocation> innermost;
  for (const std::string_view line : SplitLines(stack_trace)) {
    const std::string_view frame = Trim(line);
    if (!frame.starts_with("File \"")) continue;
    const size_t quote = frame.find('"', 6);
    const size_t at = frame.find(", line ");
    if (quote == std::string_view::npos || at == std::string_view::npos) continue;
    CodeLocation location{.file = std::string(frame.substr(6, quote - 6))};
    const std::string_view number = frame.substr(at + 7);
    std::from_chars(number.data(), number.data() + number.size(), location.line);
    const size_t in = frame.find(", in ");
    if (in != std::string_view::npos) location.function = frame.substr(in + 5);
    if (FindFile(tree, location.file) != nullptr) innermost = location;
  }
  return innermost;
}

}  // namespace ratchet::python
