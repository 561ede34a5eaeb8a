#include "core/settings/mistakes.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.h"

namespace ratchet::settings {

void Mistakes::Refuse(const Place& place, const std::string& path, const std::string& value,
                      const std::string& allowed) {
  refused_.insert(path);
  mistakes_.push_back(
      {place, fmt::format("{}{}{}; allowed: {}", path, path.empty() ? "" : ": ", value, allowed)});
}

void Mistakes::Unknown(const Place& place, const std::string& path, const std::string& nearest) {
  const std::string near = nearest.empty() ? "" : "; nearest: " + nearest;
  mistakes_.push_back({place, path + ": there is no such key" + near});
}

void Mistakes::Contradict(std::initializer_list<std::string> paths, const std::string& value,
                          const std::string& allowed) {
  if (std::ranges::any_of(paths, [&](const auto& path) { return refused_.contains(path); })) return;
  const auto given = std::ranges::find_if(paths, [&](const auto& path) { return Given(path); });
  const std::string& path = *paths.begin();
  mistakes_.push_back({PlaceOf(given == paths.end() ? path : *given),
                       fmt::format("{}: {}; allowed: {}", path, value, allowed)});
}

Place Mistakes::PlaceOf(std::string path) const {
  while (true) {
    const auto at = given_.find(path);
    if (at != given_.end()) return at->second;
    const size_t dot = path.rfind('.');
    if (dot == std::string::npos) return {.source = Source::kFile, .name = file_};
    path.resize(dot);
  }
}

std::vector<Mistake> Mistakes::InOrder() const {
  std::vector<std::pair<Place, size_t>> order;  // of one place as they were found
  order.reserve(mistakes_.size());
  for (const Mistake& mistake : mistakes_) order.emplace_back(mistake.place, order.size());
  std::ranges::sort(order);
  std::vector<Mistake> sorted;
  sorted.reserve(order.size());
  for (const auto& [place, i] : order) sorted.push_back(mistakes_[i]);
  return sorted;
}

Status Mistakes::Told() const {
  std::vector<std::string> lines;
  for (const Mistake& mistake : InOrder())
    lines.push_back(Text(mistake.place) + ": " + OneLine(mistake.text));
  if (lines.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument, Join(lines, "\n"));
}

}  // namespace ratchet::settings
