// Words about tables: what a column is, as the contract shows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "table/value.h"

namespace lakelift::table {

struct ValueCount {
  Value value;
  std::int64_t count = 0;
};

// Top values by count for enum, boolean, string and datetime columns; for numbers the lower edges of equal-width bins,
// in their order (the bins themselves: ColumnStatistics::histogram).
using Distribution = std::vector<ValueCount>;

struct Column {
  std::string name;
  ColumnType type = ColumnType::kString;
  std::optional<std::int64_t> size;  // bytes as stored by the source; nothing when not known
  bool is_nullable = true;
  bool is_enum = false;
  std::optional<Distribution> distribution;
  std::optional<std::string> description;
};

using Columns = std::vector<Column>;
using Row = std::vector<Value>;  // one value a column, in the columns' order

// How much is asked of a document: all that the contract says, or only that it is what our own to_json wrote (a profile
// may have cut long values, so that two look alike, and writes NaN as null).
enum class Rules { kContract, kStored };

[[nodiscard]] const Column* find_column(const Columns& columns, std::string_view name);

// The contract's form: {name, type, size, is_nullable, is_enum, distribution, description?}; distributions are written
// as [{value, count}] and read in every form of distribution.h.
[[nodiscard]] json::object to_json(const Column& column);
[[nodiscard]] json::array to_json(const Columns& columns);
// Checks the contract's rules (names unique, distribution values typed and unique, counts are integers >= 0).
// Error: BODY_DID_NOT_VALIDATE whose field is "spec", texts "JSON did not validate. PATH: '0.type' REASON: …".
[[nodiscard]] Result<Columns> columns_from_json(const json::value& json, Rules rules = Rules::kContract);
// Rows exactly of these columns; field "sample".
[[nodiscard]] Result<std::vector<Row>> sample_from_json(const json::value& json, const Columns& columns,
                                                        Rules rules = Rules::kContract);
[[nodiscard]] json::array sample_to_json(const std::vector<Row>& rows, const Columns& columns);

}  // namespace lakelift::table
