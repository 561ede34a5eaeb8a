#pragma once
// A mergeable quantile sketch with relative accuracy: any quantile of the positive values is
// within 1 % of the true one, whatever was merged in whatever order.
//
// DDSketch (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
// Relative-Error Guarantees", VLDB 2019) with buckets at powers of 1.02. Values of at most 1e-9
// (and negative ones) share one bucket that reads as 0. At most 2,048 buckets; beyond that the
// lowest two are joined, so high quantiles keep their accuracy.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace ratchet {

class QuantileSketch {
 public:
  static constexpr double kRelativeAccuracy = 0.01;

  void Add(double value, std::uint64_t count = 1);
  void Merge(const QuantileSketch& other);

  // The value below which a share of `q` in [0, 1] lies; 0 for an empty sketch.
  [[nodiscard]] double Quantile(double q) const;
  [[nodiscard]] std::uint64_t count() const { return count_; }

  // A compact byte form (variable-length integers); Decode refuses damaged bytes.
  [[nodiscard]] std::string Encode() const;
  static Result<QuantileSketch> Decode(std::string_view bytes);

 private:
  struct Bucket {
    std::int32_t index;
    std::uint64_t count;
  };
  std::uint64_t count_ = 0;
  std::uint64_t zeros_ = 0;
  std::vector<Bucket> buckets_;  // by index
};

}  // namespace ratchet
