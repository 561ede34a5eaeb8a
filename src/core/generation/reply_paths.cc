#include "core/generation/reply_paths.h"

#include <algorithm>
#include <array>

#include "core/base/glob.h"
#include "core/base/path.h"
#include "core/base/text.h"

namespace ratchet::generation {
namespace {

// Something that a person would write as a path: a slash or an extension, and no spaces.
bool LooksLikePath(std::string_view text) {
  if (text.empty() || text.size() > 400 ||
      text.find_first_of(" \t`\"'(){}[]<>,;") != std::string_view::npos)
    return false;
  const size_t dot = text.rfind('.');
  const bool extension =
      dot != std::string_view::npos && dot > 0 && dot + 1 < text.size() && text.size() - dot <= 8 &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
                             dot + 1) == std::string_view::npos;
  return extension || text.find('/') != std::string_view::npos ||
         text.find('\\') != std::string_view::npos;
}

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

std::string_view StripMarks(std::string_view text) {
  constexpr std::string_view kMarks = " \t*`\"'#:";
  const size_t first = text.find_first_not_of(kMarks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kMarks) - first + 1);
}

// The value of title="a/b.py", file=a/b.py, {path='a/b.py'} in an info string.
std::optional<std::string> AttributeOf(const std::string& info) {
  for (const char* name : {"title", "file", "filename", "path", "name"}) {
    for (size_t at = info.find(name); at != std::string::npos; at = info.find(name, at + 1)) {
      const bool starts =
          at == 0 || info[at - 1] == ' ' || info[at - 1] == '{' || info[at - 1] == ',';
      size_t value = at + std::string_view(name).size();
      if (!starts || value >= info.size() || (info[value] != '=' && info[value] != ':')) continue;
      ++value;
      const bool quoted = value < info.size() && (info[value] == '"' || info[value] == '\'');
      const size_t begin = quoted ? value + 1 : value;
      const size_t end = quoted ? info.find(info[value], begin) : info.find_first_of(" },", begin);
      std::string found = info.substr(begin, end == std::string::npos ? end : end - begin);
      if (!found.empty()) return found;
    }
  }
  return std::nullopt;
}

// "# a/b.py", "// a/b.py", "<!-- a/b.py -->", "/* a/b.py */", "-- a/b.py", or the path alone.
std::string_view CommentText(std::string_view line) {
  line = Trim(line);
  for (const std::string_view marker : {"<!--", "/*", "//", "--", "#", ";", "%"}) {
    if (!line.starts_with(marker)) continue;
    line = Trim(line.substr(marker.size()));
    for (const std::string_view end : {"-->", "*/"}) {
      if (line.ends_with(end)) line = Trim(line.substr(0, line.size() - end.size()));
    }
    break;
  }
  for (const std::string_view word :
       {"File:", "file:", "Filename:", "filename:", "Path:", "path:"}) {
    if (line.starts_with(word)) line = Trim(line.substr(word.size()));
  }
  return line;
}

bool IsScriptOrText(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  if (name.find('.') == std::string::npos) return true;  // Makefile, LICENSE, entrypoint
  static constexpr auto kExtensions = std::to_array<std::string_view>(
      {".sh", ".bash", ".zsh", ".ps1", ".txt", ".md", ".rst", ".log", ".cfg", ".ini", ".toml",
       ".conf", ".env", ".in", ".csv"});
  return std::ranges::any_of(kExtensions, [&](auto e) { return Lowercase(name).ends_with(e); });
}

}  // namespace

bool IsShellOrOutput(const std::string& info) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"bash", "sh", "shell", "zsh", "console", "terminal", "shell-session", "powershell", "text",
       "txt", "output", "log", "plaintext", "plain"});
  const std::string lower = Lowercase(info.substr(0, info.find_first_of(" :{")));
  return std::ranges::find(kNames, lower) != kNames.end();
}

PathFinder::PathFinder(const ReplyContext& context) : context_(context) {
  known_.insert(context.targets.begin(), context.targets.end());
  for (const auto& [path, text] : context.existing) known_.insert(path);
}

bool PathFinder::IsKnown(const std::string& written) const {
  const auto normal = NormaliseRelativePath(written);
  return normal && known_.contains(*normal);
}

std::optional<std::string> PathFinder::FromInfo(const std::string& info) const {
  if (info.empty()) return std::nullopt;
  // language:path; a drive letter is no language.
  const size_t colon = info.find(':');
  const size_t space = info.find(' ');
  if (colon != std::string::npos && colon > 1 && colon < space) {
    const std::string rest(Trim(std::string_view(info).substr(colon + 1)));
    if (!rest.empty() && !rest.starts_with("//")) {
      const std::string first = rest.substr(0, rest.find_first_of(" {"));
      return IsKnown(rest) || first.empty() ? rest : first;
    }
  }
  if (const auto attribute = AttributeOf(info)) return attribute;
  if (space != std::string::npos) {
    std::string rest(StripMarks(std::string_view(info).substr(space + 1)));
    if (IsKnown(rest) || LooksLikePath(rest)) return rest;
    return std::nullopt;
  }
  if (IsKnown(info) || (LooksLikePath(info) && info.find_first_of("/.~\\") != std::string::npos))
    return info;
  return std::nullopt;
}

std::optional<std::string> PathFinder::FromLabel(std::string_view line) const {
  if (line.starts_with(">")) return std::nullopt;
  std::string_view label = Trim(line);
  // List markers and the words people put before a file name.
  while (!label.empty() && (label[0] == '-' || label[0] == '+')) label = Trim(label.substr(1));
  const std::string_view whole = StripMarks(label);
  if (IsKnown(std::string(whole))) return std::string(whole);
  if (LooksLikePath(whole) && !IsAlternative(whole)) return std::string(whole);
  std::optional<std::string> found;
  for (const std::string& word : Split(ReplaceAll(std::string(label), "\t", " "), ' ')) {
    std::string path(StripMarks(word));
    while (!path.empty() &&
           (path.back() == ',' || path.back() == ')' || path.back() == ':' || path.back() == '`'))
      path.pop_back();
    while (!path.empty() && (path.front() == '(' || path.front() == '`')) path.erase(0, 1);
    if (!IsKnown(path)) continue;
    if (found && *found != path) return std::nullopt;  // two files in one sentence label nothing
    found = path;
  }
  return found;
}

std::optional<NamedPath> PathFinder::Find(const Block& block) const {
  if (auto path = FromInfo(block.info)) return NamedPath{.path = *path};
  // A command or what it printed may stand under the name of a file that it is about.
  const bool quoted =
      IsShellOrOutput(block.info) && std::ranges::none_of(block.lines, IsSearchMarker);
  const auto fits = [&](const std::string& path) { return !quoted || IsScriptOrText(path); };
  // The nearest line above, or the one above a single blank line.
  if (!block.above.empty()) {
    std::string_view label = block.above.back();
    if (Trim(label).empty() && block.above.size() > 1) label = block.above[block.above.size() - 2];
    if (auto path = FromLabel(label); path && fits(*path)) return NamedPath{.path = *path};
  }
  if (block.lines.empty()) return std::nullopt;
  const std::string first(CommentText(block.lines.front()));
  const bool more = block.lines.size() > 1;
  if (more && IsKnown(first) && fits(first))
    return NamedPath{.path = first, .warning = "path_from_comment", .strip_first_line = true};
  const bool search_follows = more && IsSearchMarker(block.lines[1]);
  if (search_follows && LooksLikePath(first))
    return NamedPath{.path = first, .strip_first_line = true};
  return std::nullopt;
}

std::optional<std::string> PathFinder::LonePath(const Block& block) const {
  if (block.lines.size() != 1) return std::nullopt;
  const std::string path(StripMarks(CommentText(block.lines.front())));
  return IsKnown(path) ? std::optional(path) : std::nullopt;
}

PathFinder::Resolved PathFinder::Resolve(const std::string& written) const {
  const auto normal = NormaliseRelativePath(written);
  if (!normal) return {.error = "path_unsafe"};
  std::string path = *normal;
  std::string warning;
  if (!known_.contains(path)) {
    std::vector<std::string> candidates;
    for (const std::string& known : known_) {
      const bool longer = known.ends_with("/" + path) || path.ends_with("/" + known);
      if (longer) candidates.push_back(known);
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
