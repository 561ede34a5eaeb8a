#include "core/generation/reply_labels.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/base/text.h"

namespace ratchet::generation {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr auto kUsualExtensions = std::to_array<std::string_view>(
    {"adoc",  "bash",  "bat",    "c",       "cc",     "cfg",   "clj",  "conf", "cpp",
     "cs",    "css",   "csv",    "cxx",     "dart",   "el",    "env",  "erl",  "ex",
     "exs",   "go",    "gradle", "graphql", "h",      "hh",    "hpp",  "hs",   "html",
     "ini",   "ipynb", "j2",     "java",    "jl",     "js",    "json", "jsx",  "kt",
     "kts",   "lock",  "lua",    "md",      "mdx",    "mjs",   "ml",   "php",  "pl",
     "ps1",   "proto", "py",     "pyi",     "pyx",    "r",     "rb",   "rs",   "rst",
     "scala", "scss",  "sh",     "sql",     "svelte", "swift", "tf",   "tmpl", "toml",
     "ts",    "tsx",   "txt",    "vue",     "xml",    "yaml",  "yml",  "zsh"});
constexpr auto kScripts =
    std::to_array<std::string_view>({"bash", "bat", "cmd", "fish", "ksh", "ps1", "sh", "zsh"});
constexpr auto kScriptOrText = std::to_array<std::string_view>(
    {"bash", "bat", "cfg", "cmd", "conf", "csv", "env", "fish", "in", "ini", "ksh", "log", "md",
     "ps1", "rst", "sh", "toml", "txt", "zsh"});
constexpr auto kProse = std::to_array<std::string_view>(
    {"adoc", "asciidoc", "markdown", "md", "mdx", "org", "rst", "txt"});
constexpr auto kHoldFences =
    std::to_array<std::string_view>({"htm", "html", "j2", "tex", "yaml", "yml"});
constexpr auto kShells = std::to_array<std::string_view>(
    {"bash", "bash-session", "bat", "batch", "cmd", "console", "fish", "ksh", "powershell", "ps1",
     "pwsh", "sh", "sh-session", "shell", "shell-session", "shellsession", "terminal", "zsh"});
constexpr auto kOutputs = std::to_array<std::string_view>(
    {"log", "output", "plain", "plaintext", "pycon", "stderr", "stdout", "text", "txt"});
// What people write before the name of a file; a colon follows.
constexpr auto kPrefixes =
    std::to_array<std::string_view>({"file name", "file path", "filename", "filepath", "file",
                                     "modified file", "new file", "path", "updated file"});

// "x" of "a/b.x"; "" for none. It starts with a letter: "v2.0" has none.
std::string_view ExtensionOf(std::string_view path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || path.size() - dot > 11) return {};
  const std::string_view extension = path.substr(dot + 1);
  const bool word =
      !extension.empty() && kLetters.find(extension[0]) != std::string_view::npos &&
      std::ranges::all_of(extension, [](char c) {
        return kLetters.find(c) != std::string_view::npos || c == '_' || (c >= '0' && c <= '9');
      });
  return word ? extension : std::string_view{};
}

std::string_view LanguageOf(std::string_view info) {
  return info.substr(0, info.find_first_of(" :{,"));
}

std::string_view StripEnd(std::string_view text, std::string_view characters) {
  return text.substr(0, text.find_last_not_of(characters) + 1);
}

// "- ", "2. ", "3) ", "## " and the like.
std::string_view StripListMarks(std::string_view text) {
  while (true) {
    text = Trim(text);
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const bool numbered = digits > 0 && digits + 1 < text.size() &&
                          (text[digits] == '.' || text[digits] == ')') && text[digits + 1] == ' ';
    if (numbered) {
      text.remove_prefix(digits + 1);
    } else if (!text.empty() && std::string_view("-+#=").find(text[0]) != std::string_view::npos) {
      text.remove_prefix(1);
    } else {
      return text;
    }
  }
}

}  // namespace

bool LooksLikePath(std::string_view text) {
  if (text.empty() || text.size() > 400 ||
      text.find_first_of(" \t`\"'(){}[]<>,;") != std::string_view::npos)
    return false;
  return !ExtensionOf(text).empty() || text.find_first_of("/\\") != std::string_view::npos;
}

bool NamesFile(std::string_view text) {
  if (!LooksLikePath(text) || text.find_first_of("=!") != std::string_view::npos ||
      text.find("://") != std::string_view::npos)
    return false;
  const size_t slash = text.find_last_of("/\\");
  const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
  const std::string extension = Lowercase(ExtensionOf(name));
  return !extension.empty() &&
         (slash != std::string_view::npos || OneOf(extension, kUsualExtensions));
}

std::string_view StripMarks(std::string_view text) {
  constexpr std::string_view kMarks = " \t*`\"'#:";
  const size_t first = text.find_first_not_of(kMarks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kMarks) - first + 1);
}

std::string_view LabelText(std::string_view line) {
  std::string_view label = StripMarks(StripEnd(StripListMarks(line), " \t-="));
  const std::string lower = Lowercase(label);
  for (const std::string_view prefix : kPrefixes) {
    if (!lower.starts_with(prefix)) continue;
    const std::string_view rest = label.substr(prefix.size());
    const size_t colon = rest.find_first_not_of(" *`");
    if (colon == std::string_view::npos || rest[colon] != ':') continue;
    label = StripMarks(rest);
    break;
  }
  // "`a/b.x` (new)"
  const size_t remark = label.find(" (");
  if (label.ends_with(")") && remark != std::string_view::npos) label = label.substr(0, remark);
  return StripMarks(label);
}

std::vector<LabelWord> WordsOf(std::string_view line) {
  std::vector<LabelWord> words;
  for (const std::string& part : Split(ReplaceAll(std::string(line), "\t", " "), ' ')) {
    std::string_view word = part;
    while (!word.empty() && word.front() == '(') word.remove_prefix(1);
    const bool marked =
        !word.empty() && std::string_view("`*\"'").find(word[0]) != std::string_view::npos;
    word = StripEnd(StripMarks(StripEnd(word, ".,;:)")), ".,;:)`");
    if (!word.empty()) words.push_back({std::string(StripMarks(word)), marked});
  }
  return words;
}

std::optional<std::string> AttributeOf(const std::string& info,
                                       const std::function<bool(const std::string&)>& is_known) {
  for (const std::string_view name : {"title", "file", "filename", "path", "name"}) {
    const bool of_anything = name == "title" || name == "name";
    for (size_t at = info.find(name); at != std::string::npos; at = info.find(name, at + 1)) {
      const bool starts =
          at == 0 || std::string_view(" {,:").find(info[at - 1]) != std::string_view::npos;
      size_t value = at + name.size();
      if (!starts || value >= info.size() || (info[value] != '=' && info[value] != ':')) continue;
      value = std::min(info.find_first_not_of(' ', value + 1), info.size());
      const bool quoted = value < info.size() && (info[value] == '"' || info[value] == '\'');
      const size_t begin = quoted ? value + 1 : value;
      const size_t end = quoted ? info.find(info[value], begin) : info.find_first_of(" },", begin);
      std::string found = info.substr(begin, end == std::string::npos ? end : end - begin);
      const bool path = found.find_first_of("/\\") != std::string::npos || LooksLikePath(found);
      if (!found.empty() && (!of_anything || path || is_known(found))) return found;
    }
  }
  return std::nullopt;
}

bool IsShell(const std::string& info) { return OneOf(Lowercase(LanguageOf(info)), kShells); }

bool IsShellOrOutput(const std::string& info) {
  return IsShell(info) || OneOf(Lowercase(LanguageOf(info)), kOutputs);
}

bool IsScript(const std::string& path) { return OneOf(Lowercase(ExtensionOf(path)), kScripts); }

bool IsScriptOrText(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  // Makefile, LICENSE, entrypoint
  return name.find('.') == std::string::npos ||
         OneOf(Lowercase(name.substr(name.rfind('.') + 1)), kScriptOrText);
}

bool IsProse(const std::string& path) { return OneOf(Lowercase(ExtensionOf(path)), kProse); }

bool HoldsFences(const std::string& path) {
  return IsProse(path) || OneOf(Lowercase(ExtensionOf(path)), kHoldFences);
}

}  // namespace ratchet::generation
