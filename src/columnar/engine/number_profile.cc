#include "columnar/engine/number_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "columnar/engine/cell_view.h"
#include "columnar/engine/distinct_tally.h"
#include "columnar/engine/histogram.h"
#include "columnar/engine/moments.h"

namespace lakelift::columnar {
namespace {

// What differs between the two kinds of numbers.
struct Whole {
  using Number = Wide;
  using Histogram = WholeHistogram;
  using Sum = WholeSum;
  static constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();

  static Number at(const arrow::Array& array, std::int64_t row) { return whole_at(array, row); }
  static bool finite(Number) { return true; }
  // `high`: the column's largest; beyond int64 the column is unsigned.
  static Number from_key(std::uint64_t key, Number high) {
    return high > kMost ? static_cast<Wide>(key) : static_cast<Wide>(static_cast<std::int64_t>(key));
  }
  static table::Value shown(Number value) { return static_cast<std::int64_t>(std::min(value, kMost)); }
  static bool is_shown_whole(Number value) { return value <= kMost; }
};

struct Float {
  using Number = double;
  using Histogram = FloatHistogram;
  using Sum = FloatSum;
  static Number at(const arrow::Array& array, std::int64_t row) { return number_at(array, row); }
  static bool finite(Number value) { return std::isfinite(value); }
  static Number from_key(std::uint64_t key, Number) { return double_of(key); }
  static table::Value shown(Number value) { return value; }
  static bool is_shown_whole(Number) { return true; }
};

template <typename Kind>
class NumberProfile final : public ColumnProfile {
 public:
  using Number = typename Kind::Number;
  explicit NumberProfile(std::size_t columns) : tally_(tally_capacity(columns)) {}

  // Where every value was kept with its count, they stand for the second pass.
  bool start_second_pass() override {
    histogram_.start();
    moments_.start();
    if (!tally_.exact()) return true;
    values_ = sorted_values();
    for (const auto& [value, count] : values_) take_again(value, count);
    return false;
  }
  void add_again(const arrow::Array& array) override {
    for_each_valid(array, [&](std::int64_t row) {
      const Number value = Kind::at(array, row);
      if (Kind::finite(value)) take_again(value, 1);
    });
  }

 private:
  using Counted = std::pair<Number, std::int64_t>;

  void look(const arrow::Array& array) override {
    for_each_valid(array, [&](std::int64_t row) {
      const Number value = Kind::at(array, row);
      tally_.add(key_of(value));
      if (Kind::finite(value)) {
        histogram_.widen(value);
        moments_.add(value);
      } else {
        ++not_finite_;
      }
    });
  }

  void take_again(Number value, std::int64_t weight) {
    histogram_.count(value, weight);
    moments_.add_again(value, weight);
  }

  // Finite ones, ascending.
  [[nodiscard]] std::vector<Counted> sorted_values() const {
    std::vector<Counted> out;
    if (!histogram_.high()) return out;
    for (const auto& [key, count] : tally_.entries()) {
      const Number value = Kind::from_key(key, *histogram_.high());
      if (Kind::finite(value)) out.emplace_back(value, count);
    }
    std::ranges::sort(out);
    return out;
  }

  void fill(table::Column& column, table::ColumnStatistics& figures) const override {
    figures.distinct = tally_.distinct();
    figures.distinct_is_exact = tally_.exact();
    if constexpr (std::is_same_v<Kind, Float>) figures.not_finite = not_finite_;
    if (histogram_.low()) {
      figures.minimum = Kind::shown(*histogram_.low());
      figures.maximum = Kind::shown(*histogram_.high());
    }
    figures.mean = moments_.mean();
    figures.standard_deviation = moments_.standard_deviation();
    figures.median = median();
    figures.histogram = histogram_.bins();
    figures.top_values = top_values();
    if (figures.histogram.empty()) return;
    column.distribution.emplace();
    for (const auto& bin : figures.histogram) column.distribution->push_back({bin.minimum, bin.count});
  }

  [[nodiscard]] std::optional<double> median() const {
    if (values_.empty()) return std::nullopt;
    const std::int64_t count = moments_.count();
    const long double low = value_at((count - 1) / 2);
    const long double high = value_at(count / 2);
    return static_cast<double>(low + (high - low) / 2);
  }

  // The value at a place of the sorted rows.
  [[nodiscard]] long double value_at(std::int64_t place) const {
    auto entry = values_.begin();
    while (place >= entry->second) place -= (entry++)->second;
    return static_cast<long double>(entry->first);
  }

  [[nodiscard]] std::vector<table::ValueCount> top_values() const {
    std::vector<Counted> top(std::min(limits::kDistributionValues, values_.size()));
    std::ranges::partial_sort_copy(values_, top, [](const Counted& a, const Counted& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    std::vector<table::ValueCount> out;
    for (const auto& [value, count] : top) {
      if (Kind::is_shown_whole(value)) out.push_back({Kind::shown(value), count});
    }
    return out;
  }

  typename Kind::Histogram histogram_;
  Moments<typename Kind::Sum> moments_;
  DistinctTally tally_;
  std::int64_t not_finite_ = 0;
  std::vector<Counted> values_;  // every finite value, where the tally is exact
};

}  // namespace

std::unique_ptr<ColumnProfile> whole_number_profile(std::size_t columns) {
  return std::make_unique<NumberProfile<Whole>>(columns);
}

std::unique_ptr<ColumnProfile> float_profile(std::size_t columns) {
  return std::make_unique<NumberProfile<Float>>(columns);
}

}  // namespace lakelift::columnar
