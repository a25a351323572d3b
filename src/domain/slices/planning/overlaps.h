// Which of many boxes overlap some of them, without comparing each with each: a cut may have ten thousand partitions.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "table/region.h"
#include "table/value_interval.h"

namespace lakelift::slices {

class Overlaps {
 public:
  Overlaps() = default;
  explicit Overlaps(const std::vector<table::Box>& boxes);

  // The wanted ones, and those that overlap one of them. Same answer as table::may_overlap of each two.
  [[nodiscard]] std::vector<bool> touched_by(const std::vector<bool>& wanted) const;

 private:
  // A range of one column, in keys; nothing: no bound.
  struct Span {
    std::optional<table::Key> low;
    std::optional<table::Key> end;
    bool with_nulls = true;  // a box without a range of the column has all its rows
  };
  // The wanted boxes by their lows, and up to each the highest end.
  struct Sorted {
    std::vector<std::size_t> boxes;
    std::vector<std::optional<table::Key>> ends;
    std::vector<std::size_t> with_nulls;
  };

  static bool is_below(const std::optional<table::Key>& low, const std::optional<table::Key>& end);
  static bool overlap(const Span& one, const Span& other);
  [[nodiscard]] bool overlap(std::size_t one, std::size_t other) const;
  [[nodiscard]] const Span& lead(std::size_t box) const { return spans_[box][lead_]; }
  [[nodiscard]] Sorted sorted(const std::vector<bool>& wanted) const;
  [[nodiscard]] bool overlaps_any(std::size_t box, const Sorted& wanted) const;

  std::vector<std::vector<Span>> spans_;  // of each box, one a column
  std::size_t lead_ = 0;                  // the column that tells most boxes apart
  std::vector<std::size_t> by_low_;       // boxes, by the lead's low
};

}  // namespace lakelift::slices
