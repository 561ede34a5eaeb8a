// Names are compared as words in lower case, whatever separates them: "http.server.duration",
// "http_server_duration_seconds" and "ServerDuration" all end with the word "duration", once the
// unit and Prometheus' "_total", "_bucket", "_sum" and "_count" are taken off.

#include "core/intake/roles.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace ratchet::intake {
namespace {

bool IsLower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

std::vector<std::string> WordsOf(std::string_view metric) {
  std::vector<std::string> words;
  bool inside = false;
  for (size_t i = 0; i < metric.size(); ++i) {
    const char c = metric[i];
    if (!IsLower(c) && !IsUpper(c)) {
      inside = false;
      continue;
    }
    // "CPUUtilization" is "cpu" and "utilization", "5XX" one word
    const auto is_letter = [&](size_t at) {
      return at < metric.size() && metric[at] >= 'a' && metric[at] <= 'z';
    };
    const bool begins = IsUpper(c) && (i == 0 || is_letter(i - 1) || is_letter(i + 1));
    if (!inside || begins) words.emplace_back();
    inside = true;
    words.back() += IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return words;
}

template <size_t N>
bool IsOneOf(const std::string& word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

SeriesRole RoleOf(std::string_view metric) {
  constexpr std::array<std::string_view, 10> kUnits{
      "total", "bucket", "sum", "count", "seconds", "milliseconds", "ms", "percent", "ratio", "s"};
  constexpr std::array<std::string_view, 4> kLatency{"latency", "duration", "took", "elapsed"};
  constexpr std::array<std::string_view, 4> kRequests{"requests", "request", "invocations",
                                                      "calls"};
  constexpr std::array<std::string_view, 6> kErrors{"errors", "error",  "failures",
                                                    "5xx",    "faults", "throttles"};
  constexpr std::array<std::string_view, 3> kUtilisation{"utilization", "utilisation", "usage"};
  constexpr std::array<std::string_view, 4> kQueue{"queue", "queued", "backlog", "lag"};
  std::vector<std::string> words = WordsOf(metric);
  while (words.size() > 1 && IsOneOf(words.back(), kUnits)) words.pop_back();
  if (words.empty()) return SeriesRole::kOther;
  const auto has = [&](std::string_view word) {
    return std::ranges::find(words, word) != words.end();
  };
  const std::string& last = words.back();
  if (has("cache") && (has("hits") || has("hit"))) return SeriesRole::kCacheHits;
  if (has("cache") && (has("misses") || has("miss"))) return SeriesRole::kCacheMisses;
  if (IsOneOf(last, kLatency)) return SeriesRole::kLatency;
  if (last == "time" && has("response")) return SeriesRole::kLatency;
  if (IsOneOf(last, kErrors)) return SeriesRole::kErrors;
  if (IsOneOf(last, kUtilisation)) return SeriesRole::kUtilisation;
  if (IsOneOf(last, kRequests)) return SeriesRole::kRequests;
  const bool queue =
      std::ranges::any_of(words, [&](const std::string& word) { return IsOneOf(word, kQueue); });
  if (queue || (has("messages") && has("visible"))) return SeriesRole::kQueue;
  return SeriesRole::kOther;
}

}  // namespace ratchet::intake
