// All filters of one column, brought to one order, so that any choice of them is one interval with holes.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "table/slice_spec.h"
#include "table/value_interval.h"

namespace lakelift::table {

// One filter as what it keeps, low <= x < end, or, where it `excludes`, as the only value that it does not. low and end
// are positions among the keys of its ColumnFilters. A != at either end of the domain is a bound.
struct Constraint {
  const Filter* filter = nullptr;
  std::size_t low = 0;
  std::size_t end = 0;
  bool excludes = false;
};

using Choice = std::vector<const Constraint*>;

// What passes all of a choice: low <= x < end without the holes, which lie inside, ascending, none at either end, none
// twice. Null is not among it.
struct Kept {
  std::size_t low = 0;
  std::size_t end = 0;
  Choice holes;
  [[nodiscard]] bool empty() const { return low >= end; }
};

class ColumnFilters {
 public:
  // The filters of one column, at least one; they must outlive this. Nothing where their literals have no common order:
  // different types, null or NaN.
  [[nodiscard]] static std::optional<ColumnFilters> of(std::span<const Filter* const> filters);

  [[nodiscard]] Choice all() const { return first(constraints_.size()); }
  // Those of the first `count` filters, in the order in which they were given.
  [[nodiscard]] Choice first(std::size_t count) const;

  // The choice has at least one filter. Each key was compared once, in of(): the rest is integers.
  [[nodiscard]] Kept kept(const Choice& choice) const;
  // Whether each value of `inner` is one of `outer`. Exact: a hole never stands at an end of `inner`.
  [[nodiscard]] static bool within(const Kept& inner, const Kept& outer);

  [[nodiscard]] std::size_t domain_low() const { return 0; }
  [[nodiscard]] std::size_t domain_end() const { return keys_.size() - 1; }
  // The only value of a Kept that has one; nothing if there are more, or no literal says it.
  [[nodiscard]] std::optional<Value> only_literal(const Kept& kept) const;
  [[nodiscard]] static bool is_same(const Kept& a, const Kept& b) { return within(a, b) && within(b, a); }

 private:
  std::vector<Key> keys_;  // ascending, each once; first and last are the domain's
  std::vector<Constraint> constraints_;
};

}  // namespace lakelift::table
