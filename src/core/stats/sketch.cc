#include "core/stats/sketch.h"

#include <algorithm>
#include <cmath>

namespace ratchet {
namespace {

constexpr double kGamma = 1.02;  // (1 + accuracy) / (1 - accuracy), rounded down
constexpr double kSmallest = 1e-9;
constexpr size_t kBucketsMax = 2048;

void PutVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

bool TakeVarint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

std::uint64_t ZigZag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
std::int64_t UnZigZag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

}  // namespace

void QuantileSketch::Add(double value, std::uint64_t count) {
  if (count == 0 || std::isnan(value)) return;
  count_ += count;
  if (value <= kSmallest) {
    zeros_ += count;
    return;
  }
  static const double kLogGamma = std::log(kGamma);
  const double position = std::ceil(std::log(std::min(value, 1e300)) / kLogGamma);
  const auto index = static_cast<std::int32_t>(position);
  const auto at = std::ranges::lower_bound(buckets_, index, {}, &Bucket::index);
  if (at != buckets_.end() && at->index == index) {
    at->count += count;
    return;
  }
  buckets_.insert(at, Bucket{index, count});
  if (buckets_.size() > kBucketsMax) {
    buckets_[1].count += buckets_[0].count;
    buckets_.erase(buckets_.begin());
  }
}

void QuantileSketch::Merge(const QuantileSketch& other) {
  std::vector<Bucket> merged;
  merged.reserve(buckets_.size() + other.buckets_.size());
  auto a = buckets_.begin();
  auto b = other.buckets_.begin();
  while (a != buckets_.end() || b != other.buckets_.end()) {
    if (b == other.buckets_.end() || (a != buckets_.end() && a->index < b->index)) {
      merged.push_back(*a++);
    } else if (a == buckets_.end() || b->index < a->index) {
      merged.push_back(*b++);
    } else {
      merged.push_back(Bucket{a->index, a->count + b->count});
      ++a, ++b;
    }
  }
  while (merged.size() > kBucketsMax) {
    merged[1].count += merged[0].count;
    merged.erase(merged.begin());
  }
  buckets_ = std::move(merged);
  zeros_ += other.zeros_;
  count_ += other.count_;
}

double QuantileSketch::Quantile(double q) const {
  if (count_ == 0) return 0;
  const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(count_ - 1);
  auto seen = static_cast<double>(zeros_);
  if (rank < seen || buckets_.empty()) return 0;
  std::int32_t index = buckets_.back().index;
  for (const Bucket& bucket : buckets_) {
    seen += static_cast<double>(bucket.count);
    if (rank < seen) {
      index = bucket.index;
      break;
    }
  }
  return 2.0 * std::pow(kGamma, index) / (kGamma + 1.0);  // the bucket's midpoint
}

std::string QuantileSketch::Encode() const {
  std::string bytes;
  PutVarint(bytes, zeros_);
  PutVarint(bytes, buckets_.size());
  std::int64_t previous = 0;
  for (const Bucket& bucket : buckets_) {
    PutVarint(bytes, ZigZag(bucket.index - previous));
    PutVarint(bytes, bucket.count);
    previous = bucket.index;
  }
  return bytes;
}

Result<QuantileSketch> QuantileSketch::Decode(std::string_view bytes) {
  QuantileSketch sketch;
  std::uint64_t size = 0;
  const auto damaged = [] { return Fail(ErrorCode::kDataLoss, "a stored sketch is damaged"); };
  if (!TakeVarint(bytes, sketch.zeros_) || !TakeVarint(bytes, size) || size > kBucketsMax) {
    return damaged();
  }
  sketch.count_ = sketch.zeros_;
  std::int64_t index = 0;
  for (std::uint64_t i = 0; i < size; ++i) {
    std::uint64_t step = 0, count = 0;
    if (!TakeVarint(bytes, step) || !TakeVarint(bytes, count)) return damaged();
    index += UnZigZag(step);
    if (index < -100'000 || index > 100'000 || (i > 0 && UnZigZag(step) <= 0)) return damaged();
    sketch.buckets_.push_back(Bucket{static_cast<std::int32_t>(index), count});
    sketch.count_ += count;
  }
  return sketch;
}

}  // namespace ratchet
