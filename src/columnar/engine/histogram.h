// Equal-width bins between the smallest and the largest value of a numeric column.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "columnar/engine/predicate.h"
#include "table/column_statistics.h"

namespace lakelift::columnar {

inline constexpr int kBins = 20;

// Whole numbers: the width is whole, at least 1; the last bin may be narrower.
class WholeHistogram {
 public:
  explicit WholeHistogram(int bins = kBins) : most_(bins) {}
  void widen(Wide value);                           // first pass
  void start();                                     // between the passes
  void count(Wide value, std::int64_t weight = 1);  // second pass; values outside of what was seen are left out
  // Empty where no value was seen. A border beyond int64 shows as the largest int64; bins that begin there are one.
  [[nodiscard]] std::vector<table::Bin> bins() const;
  [[nodiscard]] std::optional<Wide> low() const { return low_; }
  [[nodiscard]] std::optional<Wide> high() const { return high_; }

 private:
  int most_;
  std::optional<Wide> low_, high_;
  Wide width_ = 1;
  std::vector<std::int64_t> counts_;
};

// Finite numbers only: NaN and the infinities are in no bin.
class FloatHistogram {
 public:
  explicit FloatHistogram(int bins = kBins) : most_(bins) {}
  void widen(double value);
  void start();
  void count(double value, std::int64_t weight = 1);
  [[nodiscard]] std::vector<table::Bin> bins() const;
  [[nodiscard]] std::optional<double> low() const { return low_; }
  [[nodiscard]] std::optional<double> high() const { return high_; }

 private:
  [[nodiscard]] double border(int index) const;
  int most_;
  std::optional<double> low_, high_;
  std::vector<double> borders_;
  std::vector<std::int64_t> counts_;
};

}  // namespace lakelift::columnar
