// What a person asks of a table: columns, filters that all hold, a random share of the rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "table/column.h"

namespace lakelift::table {

enum class Operator { kGreater, kGreaterEqual, kLess, kLessEqual, kEqual, kNotEqual };

[[nodiscard]] std::string_view symbol_of(Operator op);  // > >= < <= = !=
[[nodiscard]] std::optional<Operator> operator_of(std::string_view symbol);
// BOOLEAN has only = and !=.
[[nodiscard]] std::vector<Operator> operators_of(ColumnType type);

// SQL's meaning: a row passes where `column op value` is true; null never passes, not even !=. NaN (docs/formats.md):
// equals only NaN and is above every number, as PostgreSQL, Spark and DuckDB have it; a literal is never NaN.
struct Filter {
  std::string name;
  Operator op = Operator::kEqual;
  Value value;  // of the column's type, never null
  bool operator==(const Filter&) const = default;
};

struct SliceSpec {
  std::vector<std::string> columns;
  std::vector<Filter> filters;
  double ratio = 1;  // the share of rows to keep, in [0, 1]; randomize_ratio in the contract
  bool operator==(const SliceSpec&) const = default;
};

// {columns, filters: [{name, operator, value}], randomize_ratio}
[[nodiscard]] json::object to_json(const SliceSpec& spec);
// Reads and checks against the table: columns >= 1, unique, known; operators fit types; values typed; ratio in [0, 1],
// finite. Error: BODY_DID_NOT_VALIDATE with the field "spec" and texts "JSON did not validate. PATH: 'filters.0.value'
// REASON: …" that name what is known.
[[nodiscard]] Result<SliceSpec> slice_spec_from_json(const json::value& json, const Columns& table);
// Columns sorted, filters sorted and without repeats, -0 as 0. Specs with equal normal forms are the same request; a
// slice's columns come in this order.
[[nodiscard]] SliceSpec normalised(SliceSpec spec);
// Canonical text of the normal form: what requests are compared and hashed by.
[[nodiscard]] std::string canonical_text(const SliceSpec& spec);

// "dep_delay >= 15", "carrier = UA", "name != 'O''Hare'": one comparison as a person types it; quotes are optional
// where the value has no space. Error: kInvalid with what was expected and the known columns.
[[nodiscard]] Result<Filter> parse_comparison(std::string_view text, const Columns& table);

}  // namespace lakelift::table
