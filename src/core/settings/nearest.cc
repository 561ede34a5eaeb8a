#include "core/settings/nearest.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace ratchet::settings {
namespace {

// Levenshtein's distance, by rows. Names from outside are cut: they may be a megabyte.
size_t Distance(std::string_view a, std::string_view b) {
  constexpr size_t kLettersMax = 80;
  a = a.substr(0, kLettersMax);
  b = b.substr(0, kLettersMax);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

std::string_view LastPart(std::string_view name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

std::string NearestName(const std::string& name, const std::vector<std::string>& known) {
  const auto far = [&](const std::string& other) {
    const size_t whole = Distance(name, other);
    const bool moved = LastPart(name) == LastPart(other);
    return moved ? std::min<size_t>(whole, 2) : whole;
  };
  const auto nearest = std::ranges::min_element(known, {}, far);
  return nearest == known.end() ? "" : *nearest;
}

}  // namespace ratchet::settings
