// What a look at the data found in one column: figures, as docs/formats.md defines them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "table/column.h"

namespace lakelift::table {

// Half-open [minimum, maximum), the last of a histogram closed.
struct Bin {
  Value minimum;
  Value maximum;
  std::int64_t count = 0;
};

// What an engine does not know is nothing, or empty. Numbers that are not finite (NaN, the infinities) are counted in
// `not_finite` and in `distinct`, and are in no other figure.
struct ColumnStatistics {
  std::string name;
  ColumnType type = ColumnType::kString;
  std::optional<std::int64_t> nulls;
  std::optional<double> null_share;      // of the rows looked at, in [0, 1]
  std::optional<std::int64_t> distinct;  // different values without null; -0 is 0 and NaN is one value
  bool distinct_is_exact = true;         // false: an estimate
  std::optional<Value> minimum;          // not of BOOLEAN; texts are cut as samples are
  std::optional<Value> maximum;
  std::optional<double> mean;                  // of numbers
  std::optional<double> standard_deviation;    // of the sample (n - 1): from two numbers on
  std::optional<double> median;                // the mean of the middle two where their count is even
  std::optional<std::int64_t> minimum_length;  // of texts, in characters (code points)
  std::optional<std::int64_t> maximum_length;
  std::optional<double> true_share;        // of the values that are not null, in [0, 1]
  std::optional<std::int64_t> not_finite;  // of FLOAT
  std::vector<Bin> histogram;              // of numbers: equal widths, ascending, each begins where the one before ends
  std::vector<ValueCount> top_values;      // the most frequent ones without null, most frequent first
  bool is_partial = false;                 // from a part of the rows
};

// {name, type, nulls, null_share, distinct, distinct_is_exact, min, max, mean, std, median, min_length, max_length,
// true_share, not_finite, histogram: [{value_min, value_max, count}], top_values: [{value, count}], is_partial}: every
// key is there, null where nothing is known. Read back by statistics_from_json unchanged.
[[nodiscard]] json::object to_json(const ColumnStatistics& statistics);
[[nodiscard]] json::array to_json(const std::vector<ColumnStatistics>& statistics);

// Strict: what wrote it (a worker program, an engine) is not trusted. Everything is of its type and in its range, the
// figures fit each other (minimum <= maximum, counts that ascend or descend …). Error: kInvalid naming the column and
// the figure.
[[nodiscard]] Result<ColumnStatistics> statistics_from_json(const json::value& json);
// At most limits::kColumns, names unique.
[[nodiscard]] Result<std::vector<ColumnStatistics>> statistics_list_from_json(const json::value& json);

[[nodiscard]] const ColumnStatistics* find_statistics(const std::vector<ColumnStatistics>& all, std::string_view name);

}  // namespace lakelift::table
