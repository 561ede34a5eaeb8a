#include "core/intake/cumulative.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace ratchet::intake {
namespace {

// A count of a cumulative stream that is smaller than it was; both points have the same buckets.
bool Fell(const HistogramPoint& before, const HistogramPoint& now) {
  if (now.count < before.count || now.zero_count < before.zero_count ||
      now.negative_count < before.negative_count)
    return true;
  return !std::ranges::equal(now.bucket_counts, before.bucket_counts, std::greater_equal<>());
}

}  // namespace

Summary SummaryOf(const HistogramPoint& point) {
  Summary summary;
  const auto& bounds = point.bounds;
  summary.Add(0, point.zero_count);
  summary.Add(0, point.negative_count);  // the sketch does not tell them apart
  for (size_t i = 0; i < point.bucket_counts.size(); ++i) {
    const std::uint64_t count = point.bucket_counts[i];
    if (count == 0) continue;
    double middle = 0;
    if (bounds.empty()) {  // exponential: (base^(offset+i), base^(offset+i+1)]
      const double growth = std::exp2(-std::clamp(point.scale, -10, 20));
      middle = std::exp2(growth * (point.offset + static_cast<double>(i) + 0.5));
    } else if (i == 0) {
      middle = bounds[0] / 2;
    } else if (i >= bounds.size()) {
      middle = point.has_max ? point.max : bounds.back() * 1.5;
    } else {
      middle = (bounds[i - 1] + bounds[i]) / 2;
    }
    if (point.has_max) middle = std::min(middle, point.max);
    if (point.has_min) middle = std::max(middle, point.min);
    if (std::isfinite(middle)) summary.Add(middle, count);
  }
  if (point.bucket_counts.empty() && point.count > 0)
    summary.Add(point.sum / static_cast<double>(point.count), point.count);
  if (summary.count > 0 && std::isfinite(point.sum) && point.sum != 0) summary.sum = point.sum;
  if (point.has_min) summary.min = point.min;
  if (point.has_max) summary.max = point.max;
  return summary;
}

CumulativeState::Last* CumulativeState::Touch(const std::string& series, bool& known) {
  const auto at = known_.find(series);
  known = at != known_.end();
  journal_.push_back(known ? *at->second : Last{.series = series});
  if (known) {
    order_.splice(order_.begin(), order_, at->second);
  } else {
    order_.push_front({.series = series, .known = true});
    known_[series] = order_.begin();
    weight_ += Weight({});
    Shrink();
  }
  return &order_.front();
}

size_t CumulativeState::Weight(const HistogramPoint& point) {
  return 1 + (point.bucket_counts.size() + point.bounds.size()) / 32;
}

void CumulativeState::Shrink() {
  while (weight_ > capacity_ && order_.size() > 1) {
    const Last& oldest = order_.back();
    // Should a forgotten stream come back, it is one whose beginning is not remembered.
    listening_since_ = std::max(listening_since_, oldest.start + Duration(1));
    weight_ -= Weight(oldest.histogram);
    known_.erase(oldest.series);
    order_.pop_back();
  }
}

void CumulativeState::Undo() {
  for (auto before = journal_.rbegin(); before != journal_.rend(); ++before) {
    const auto at = known_.find(before->series);
    if (at == known_.end()) continue;  // forgotten meanwhile
    weight_ -= Weight(at->second->histogram);
    if (before->known) {
      weight_ += Weight(before->histogram);
      *at->second = std::move(*before);
    } else {
      order_.erase(at->second);
      known_.erase(at);
    }
  }
  journal_.clear();
}

bool CumulativeState::Difference(const std::string& series, NumberPoint& point) {
  bool known = false;
  Last* last = Touch(series, known);
  const bool reset = known && (point.start != last->start || point.value < last->value);
  const double before = known && !reset ? last->value : 0;
  last->start = point.start;
  last->value = point.value;
  point.value -= before;
  return known || point.start >= listening_since_;
}

bool CumulativeState::Difference(const std::string& series, HistogramPoint& point) {
  bool known = false;
  Last* last = Touch(series, known);
  const HistogramPoint before = last->histogram;
  const bool same_shape = before.bucket_counts.size() == point.bucket_counts.size() &&
                          before.bounds == point.bounds && before.scale == point.scale &&
                          before.offset == point.offset;
  const bool reset = !known || !same_shape || point.start != last->start || Fell(before, point);
  last->start = point.start;
  last->histogram = point;
  last->histogram.attributes.clear();  // they are in the name of the series
  weight_ += Weight(point) - Weight(before);
  Shrink();
  if (reset) return known ? same_shape : point.start >= listening_since_;
  point.count -= before.count;
  point.sum -= before.sum;
  point.zero_count -= before.zero_count;
  point.negative_count -= before.negative_count;
  point.has_min = point.has_max = false;  // of the whole stream, not of the difference
  for (size_t i = 0; i < point.bucket_counts.size(); ++i)
    point.bucket_counts[i] -= before.bucket_counts[i];
  return true;
}

}  // namespace ratchet::intake
