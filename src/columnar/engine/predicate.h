// One filter, compiled for the stored type of one column: over decoded arrays, over one value, over statistics.
#pragma once

#include <arrow/array.h>
#include <parquet/statistics.h>

#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "columnar/engine/column_types.h"
#include "table/slice_spec.h"

namespace lakelift::columnar {

using Wide = __int128;  // holds every 64-bit integer of either sign, and nanoseconds of every timestamp

// Whole-number types (integers, booleans, dates, timestamps): x passes where (low <= x <= high) != negated, in the
// column's own unit. Every operator is such a range, so that one branch-free loop serves all of them.
struct WholeRange {
  Wide low = 0;
  Wide high = -1;  // low > high: no value
  bool negated = false;
};
struct FloatTest {
  table::Operator op;
  double literal;
};
struct TextTest {
  table::Operator op;
  std::string literal;
};

class Predicate {
 public:
  enum class Verdict { kNone, kSome, kAll };  // how many rows of a row group can pass

  // Error: kInvalid where the literal is not of the column's contract type.
  [[nodiscard]] static Result<Predicate> compile(const table::Filter& filter, const arrow::DataType& type);

  // Over INT64: the cell, read as 64 bits without a sign, is below `end` (> 0).
  [[nodiscard]] static Predicate unsigned_below(std::uint64_t end);

  // mask[i] &= row i passes. `mask` has the array's length; the array has the type compiled for, or is a dictionary of
  // it.
  void apply(const arrow::Array& array, std::span<std::uint8_t> mask) const;
  // What a row group's statistics say. Bounds that are missing, NaN or of an unexpected physical type say nothing.
  [[nodiscard]] Verdict judge(const parquet::Statistics* statistics) const;

 private:
  using Test = std::variant<WholeRange, FloatTest, TextTest>;
  Predicate(Test test, arrow::Type::type id, int scale) : test_(std::move(test)), id_(id), scale_(scale) {}

  void apply_values(const arrow::Array& array, std::span<std::uint8_t> mask) const;

  Test test_;
  arrow::Type::type id_;  // of the values, never DICTIONARY
  int scale_;             // of a decimal
};

// The same meaning for a single value (a hive partition's): null never passes.
[[nodiscard]] bool passes(const table::Value& value, table::Operator op, const table::Value& literal);

// The unscaled value of a decimal as the nearest double.
[[nodiscard]] double decimal_to_double(const arrow::Array& array, std::int64_t row, int scale);

}  // namespace lakelift::columnar
