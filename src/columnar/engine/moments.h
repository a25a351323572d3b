// Mean and standard deviation in two passes: first the mean, then the squares of what differs from it. The sums lose
// nothing that shows in a double: whole numbers are added exactly, fractional ones in long double with what each
// addition loses kept beside (Neumaier 1974).
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

#include "columnar/engine/predicate.h"

namespace lakelift::columnar {

class WholeSum {
 public:
  void add(Wide value) { sum_ += value; }
  [[nodiscard]] long double total() const { return static_cast<long double>(sum_); }

 private:
  Wide sum_ = 0;  // 2^63 rows of 64 bits fit
};

class FloatSum {
 public:
  void add(long double value) {
    const long double sum = sum_ + value;
    lost_ += std::fabs(sum_) >= std::fabs(value) ? (sum_ - sum) + value : (value - sum) + sum_;
    sum_ = sum;
  }
  [[nodiscard]] long double total() const { return sum_ + lost_; }

 private:
  long double sum_ = 0;
  long double lost_ = 0;
};

// `Sum` adds what the column holds; values are finite.
template <typename Sum>
class Moments {
 public:
  template <typename Number>
  void add(Number value) {  // first pass
    ++count_;
    sum_.add(value);
  }
  void start() {  // between the passes
    if (count_ > 0) mean_ = sum_.total() / static_cast<long double>(count_);
  }
  template <typename Number>
  void add_again(Number value, std::int64_t weight = 1) {  // second pass
    const long double difference = static_cast<long double>(value) - mean_;
    differences_.add(difference * static_cast<long double>(weight));
    squares_.add(difference * difference * static_cast<long double>(weight));
  }

  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] std::optional<double> mean() const { return count_ > 0 ? as_double(mean_) : std::nullopt; }
  // Of the sample: divided by n - 1. Nothing for fewer than two values, or where it is no double.
  [[nodiscard]] std::optional<double> standard_deviation() const {
    if (count_ < 2) return std::nullopt;
    const auto n = static_cast<long double>(count_);
    // The mean was rounded: the differences do not quite add up to 0.
    const long double rest = differences_.total() * differences_.total() / n;
    return as_double(std::sqrt(std::fmax(0.0L, squares_.total() - rest) / (n - 1)));
  }

 private:
  static std::optional<double> as_double(long double value) {
    const auto number = static_cast<double>(value);
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
  }

  std::int64_t count_ = 0;
  Sum sum_;
  long double mean_ = 0;
  FloatSum differences_;
  FloatSum squares_;
};

}  // namespace lakelift::columnar
