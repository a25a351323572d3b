// A part of a table: boxes of ranges, in one of which a row must lie. What a table is cut into (chunks), and what of it
// is held or missing, is said so.
//
//   {{"day", 3, 4, false}, {"temp", nothing, 12, true}}   a box: 3 <= day < 4, and temp < 12 or null
//
// Values are ordered as filters order them (slice_spec.h): NaN is above every number.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "table/slice_spec.h"

namespace lakelift::table {

// Half open, so that neighbours share a border and no row lies in two. Bounds are literals: of the column's type, never
// null, never NaN; they may be infinite.
struct Range {
  std::string column;
  std::optional<Value> minimum;  // at least this; nothing: no lower bound
  std::optional<Value> maximum;  // below this; nothing: no upper bound
  bool with_nulls = false;       // null lies in the range, too
  bool operator==(const Range&) const = default;
};

// All ranges hold; a column has at most one. Without any: every row.
using Box = std::vector<Range>;
// A row lies in one of the boxes. Without any: no row.
using Region = std::vector<Box>;

// Whether the value lies in the range.
[[nodiscard]] bool lies_in(const Value& value, const Range& range);
// False only where no row of the box, whatever the table holds, passes all of the filters.
[[nodiscard]] bool may_overlap(const Box& box, const std::vector<Filter>& filters);
// False only where no value lies in both boxes.
[[nodiscard]] bool may_overlap(const Box& one, const Box& other);
// The filters that every row of the box passes: those of its bounds. A range with nulls says nothing.
[[nodiscard]] std::vector<Filter> filters_of(const Box& box);

// [[{"column", "type", "minimum", "maximum", "with_nulls"}, …], …]: values as value_from_json takes them, but "inf" and
// "-inf" for infinite numbers and [seconds, nanos] for years beyond 0000 to 9999; null where there is no bound. Exact.
[[nodiscard]] json::array to_json(const Region& region);
// What to_json wrote. Error: kCorrupt; also for a column that has two ranges in one box.
[[nodiscard]] Result<Region> region_from_json(const json::value& json);

}  // namespace lakelift::table
