#include "core/generation/reply_files.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/generation/reply_checks.h"

namespace ratchet::generation {
namespace {

std::string WithOneNewline(std::string text) {
  while (text.ends_with("\n")) text.pop_back();
  if (!text.empty()) text += "\n";
  return text;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

void Findings::Error(const std::string& name, const std::string& why) {
  if (!Contains(errors, name)) errors.push_back(name);
  detail += (detail.empty() ? "" : "\n") + why;
}

void Findings::Error(const EditError& error) {
  if (!error.ok()) Error(error.name, error.detail);
}

void Findings::Warn(const std::string& name) {
  if (!name.empty() && !Contains(warnings, name)) warnings.push_back(name);
}

WorkingFiles::File* WorkingFiles::Open(const std::string& written, Format format) {
  const auto resolved = paths_.Resolve(written);
  if (!resolved.error.empty()) {
    findings_.Error(resolved.error, resolved.error + ": " + ToValidUtf8(written));
    return nullptr;
  }
  findings_.Warn(resolved.warning);
  const auto known = files_.find(resolved.path);
  if (known != files_.end()) {
    known->second.fresh = false;
    if (known->second.format == format) return &known->second;
    findings_.Error("duplicate_conflict", resolved.path + " is edited in two ways");
    return nullptr;
  }
  File& file = files_[resolved.path];
  file.format = format;
  const auto existing = context_.existing.find(resolved.path);
  file.existed = existing != context_.existing.end();
  if (file.existed) file.before = file.text = ReplaceAll(existing->second, "\r\n", "\n");
  return &file;
}

void WorkingFiles::WriteWhole(const std::string& path, const std::string& text) {
  File* file = Open(path, Format::kWhole);
  if (file == nullptr) return;
  if (!file->fresh) {
    if (WithOneNewline(file->text) == WithOneNewline(text))
      return findings_.Warn("duplicate_identical");
    return findings_.Error("duplicate_conflict", path + " is written twice with different content");
  }
  file->text = file->added = text;
}

void WorkingFiles::WriteNew(const std::string& path, const std::vector<std::string>& lines) {
  const auto resolved = paths_.Resolve(path);
  if (resolved.error.empty() && context_.existing.contains(resolved.path))
    return findings_.Error("empty_search_on_existing", path + " would be added, but it exists");
  WriteWhole(path, TextOf(lines));
}

void WorkingFiles::Apply(const std::string& path, const SearchReplace& edit) {
  File* file = Open(path, Format::kSearch);
  if (file == nullptr) return;
  const bool repeated = std::ranges::any_of(file->edits, [&](const SearchReplace& e) {
    return e.search == edit.search && e.replace == edit.replace;
  });
  if (repeated) return findings_.Warn("duplicate_identical");
  file->edits.push_back(edit);
  findings_.Error(ApplySearchReplace(edit, file->existed, file->text, findings_.warnings));
  file->added += TextOf(edit.replace);
}

void WorkingFiles::Apply(const std::string& path, const std::vector<Hunk>& hunks) {
  File* file = Open(path, Format::kDiff);
  if (file == nullptr) return;
  for (const Hunk& hunk : hunks) {
    if (std::ranges::find(file->hunks, hunk) != file->hunks.end()) {
      findings_.Warn("duplicate_identical");
      continue;
    }
    file->hunks.push_back(hunk);
    if (hunk.before.empty() && !file->existed) {
      file->text += TextOf(hunk.after);
    } else {
      findings_.Error(file->applier.Apply(hunk, file->text, findings_.warnings));
    }
    file->added += TextOf(hunk.after);
  }
}

void WorkingFiles::Check(std::string_view prose) {
  for (const auto& [path, file] : files_) {
    if (file.added.find('\0') != std::string::npos)
      findings_.Error("encoding_invalid", path + ": a NUL is no text");
    if (HasConflictMarker(file.added, file.before))
      findings_.Error("block_malformed", path + ": a marker of an edit would be written into it");
    if (HasElision(path, file.added, file.before))
      findings_.Error("content_elided",
                      path + ": a remark stands where code belongs; write the code out");
    const bool shrinks = file.format == Format::kWhole && file.existed &&
                         ShrinksSuspiciously(file.before, file.text, prose);
    if (shrinks)
      findings_.Error("suspicious_shrink",
                      path + ": most of the file and its definitions would vanish");
    if (HasTypographicQuotes(file.added)) findings_.Warn("non_ascii_quotes");
  }
}

std::map<std::string, std::string> WorkingFiles::FinalBytes(LineEnds of_reply) {
  std::map<std::string, std::string> bytes;
  for (const auto& [path, file] : files_) {
    const auto at = context_.existing.find(path);
    const bool crlf = at != context_.existing.end() && at->second.find("\r\n") != std::string::npos;
    if (crlf != (of_reply == LineEnds::kCrlf)) findings_.Warn("eol_normalised");
    const std::string text = WithOneNewline(file.text);
    bytes[path] = crlf ? ReplaceAll(text, "\n", "\r\n") : text;
  }
  return bytes;
}

}  // namespace ratchet::generation
