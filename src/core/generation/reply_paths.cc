#include "core/generation/reply_paths.h"

#include <algorithm>
#include <utility>

#include "core/base/glob.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/generation/reply_labels.h"
#include "core/generation/reply_lines.h"

namespace ratchet::generation {
namespace {

// "Before/After:": words that a slash joins, not a path.
bool IsAlternative(std::string_view text) {
  const auto parts = Split(text, '/');
  return parts.size() > 1 && std::ranges::all_of(parts, [](const std::string& part) {
           return !part.empty() && part[0] >= 'A' && part[0] <= 'Z' &&
                  std::ranges::all_of(part, [](char c) {
                    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                  });
         });
}

bool HasLetter(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

// A command or what it printed may stand under the name of a file that it is about.
bool IsQuoted(const Block& block) {
  return IsShellOrOutput(block.info) && std::ranges::none_of(block.lines, IsSearchMarker);
}

}  // namespace

PathFinder::PathFinder(const ReplyContext& context) : context_(context) {
  known_.insert(context.targets.begin(), context.targets.end());
  for (const auto& [path, text] : context.existing) known_.insert(path);
}

bool PathFinder::IsKnown(const std::string& written) const {
  const auto normal = NormaliseRelativePath(written);
  return normal && known_.contains(*normal);
}

// language:path; a drive letter is no language ("C:x", "c:/x"), but "c:x" is the language C.
std::optional<std::string> PathFinder::AfterLanguage(const std::string& info) const {
  const size_t colon = info.find(':');
  if (colon == std::string::npos || colon == 0 || colon > info.find(' ')) return std::nullopt;
  const std::string rest(Trim(std::string_view(info).substr(colon + 1)));
  const bool drive = colon == 1 && ((info[0] >= 'A' && info[0] <= 'Z') || rest.starts_with('/') ||
                                    rest.starts_with('\\'));
  if (drive) return std::nullopt;
  std::string whole(StripMarks(rest));
  if (IsKnown(whole)) return whole;
  std::string first(StripMarks(rest.substr(0, rest.find_first_of(" {"))));
  if (first.empty() || first.find('=') != std::string::npos) return std::nullopt;
  return first;
}

std::optional<std::string> PathFinder::FromInfo(const std::string& info) const {
  if (auto path = AfterLanguage(info)) return path;
  const auto known = [&](const std::string& path) { return IsKnown(path); };
  if (const auto attribute = AttributeOf(info, known)) return attribute;
  const size_t space = info.find(' ');
  if (space == std::string::npos) {
    const bool path =
        IsKnown(info) || (LooksLikePath(info) && info.find_first_of("/.~\\") != std::string::npos);
    return path ? std::optional(info) : std::nullopt;
  }
  std::string rest(StripMarks(std::string_view(info).substr(space + 1)));
  if (IsKnown(rest)) return rest;
  const std::vector<LabelWord> words = WordsOf(info);
  for (const LabelWord& word : words) {
    if (IsKnown(word.text)) return word.text;
  }
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i].text;
    if (LooksLikePath(word) && HasLetter(word) && word.find('=') == std::string::npos) return word;
  }
  return std::nullopt;
}

std::optional<PathFinder::Label> PathFinder::FromLabel(std::string_view line) const {
  if (line.starts_with(">")) return std::nullopt;
  std::string whole(LabelText(line));
  if (IsKnown(whole) || (LooksLikePath(whole) && !IsAlternative(whole)))
    return Label{std::move(whole), true};
  std::optional<std::string> known, other;
  for (const LabelWord& word : WordsOf(line)) {
    if (IsKnown(word.text)) {
      // Two files in one sentence label nothing.
      if (known && *known != word.text) return std::nullopt;
      known = word.text;
    } else if (!other && NamesFile(word.text) &&
               (word.marked || word.text.find('/') != std::string::npos)) {
      other = word.text;
    }
  }
  if (!known) known = other;
  return known ? std::optional(Label{*known, false}) : std::nullopt;
}

// The nearest line above, or the one above a single blank line.
std::optional<std::string> PathFinder::LabelAbove(const Block& block) const {
  if (block.above.empty()) return std::nullopt;
  std::string_view line = block.above.back();
  if (Trim(line).empty() && block.above.size() > 1) line = block.above[block.above.size() - 2];
  const auto label = FromLabel(line);
  if (!label) return std::nullopt;
  // A sentence before a command says what the command is about.
  const bool fits =
      !IsQuoted(block) || (IsScriptOrText(label->path) && (label->whole || !IsShell(block.info)));
  return fits ? std::optional(label->path) : std::nullopt;
}

std::optional<NamedPath> PathFinder::FromFirstLine(const Block& block) const {
  if (block.lines.empty()) return std::nullopt;
  const auto comment = CommentOf(block.lines.front());
  std::string name(comment ? LabelText(*comment) : Trim(block.lines.front()));
  const bool more = block.lines.size() > 1;
  if (more && IsSearchMarker(block.lines[1]) && LooksLikePath(name))
    return NamedPath{.path = std::move(name), .strip_first_line = true};
  const bool known = more && IsKnown(name) && (!IsQuoted(block) || IsScriptOrText(name));
  const bool other = comment && NamesFile(name) && !IsQuoted(block);
  if (!known && !other) return std::nullopt;
  return NamedPath{
      .path = std::move(name), .warning = "path_from_comment", .strip_first_line = true};
}

std::optional<NamedPath> PathFinder::Find(const Block& block) const {
  if (auto path = FromInfo(block.info)) return NamedPath{.path = std::move(*path)};
  if (auto path = LabelAbove(block)) return NamedPath{.path = std::move(*path)};
  return FromFirstLine(block);
}

std::optional<std::string> PathFinder::LonePath(const Block& block) const {
  if (block.lines.size() != 1 || FromInfo(block.info)) return std::nullopt;
  const auto comment = CommentOf(block.lines.front());
  std::string path(LabelText(comment ? *comment : std::string_view(block.lines.front())));
  const auto label = LabelAbove(block);
  if (!IsKnown(path) || (label && *label != path)) return std::nullopt;
  return path;
}

PathFinder::Resolved PathFinder::Resolve(const std::string& written) const {
  const auto normal = NormaliseRelativePath(written);
  if (!normal) return {.error = "path_unsafe"};
  std::string path = *normal;
  std::string warning;
  if (!known_.contains(path)) {
    std::vector<std::string> candidates;
    for (const std::string& known : known_) {
      // "total.x" for "svc/total.x"; "repo/svc/total.x" for it too, but no bare name is enough.
      const bool longer = known.find('/') != std::string::npos && path.ends_with("/" + known);
      if (longer || known.ends_with("/" + path)) candidates.push_back(known);
    }
    const bool addable = MatchesAny(context_.allow_new, path);
    if (candidates.size() > 1 && !addable) return {.error = "path_ambiguous"};
    if (candidates.size() == 1 && !addable) {
      path = candidates.front();
      warning = "path_from_suffix";
    }
  }
  const bool exists = context_.existing.contains(path);
  const bool target = std::ranges::find(context_.targets, path) != context_.targets.end();
  const bool guarded = exists && MatchesAny(context_.protected_existing, path);
  const bool addable = !exists && MatchesAny(context_.allow_new, path);
  if (guarded || (!target && !addable)) return {.path = path, .error = "path_not_allowed"};
  return {.path = path, .warning = warning};
}

}  // namespace ratchet::generation
