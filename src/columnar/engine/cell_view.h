// One cell of any supported array, for the places where cells are looked at one by one.
#pragma once

#include <arrow/array.h>

#include <string_view>

#include "columnar/engine/predicate.h"
#include "table/value.h"

namespace lakelift::columnar {

// All of these: the cell is not null, the array not a dictionary and of the named kind.
[[nodiscard]] Wide whole_at(const arrow::Array& array, std::int64_t row);             // INTEGER
[[nodiscard]] double number_at(const arrow::Array& array, std::int64_t row);          // FLOAT
[[nodiscard]] std::string_view text_at(const arrow::Array& array, std::int64_t row);  // STRING
[[nodiscard]] table::Datetime datetime_at(const arrow::Array& array, std::int64_t row);

// The cell of any supported array, dictionaries included. A uint64 above the largest int64 shows as that.
[[nodiscard]] table::Value value_at(const arrow::Array& array, std::int64_t row);

}  // namespace lakelift::columnar
