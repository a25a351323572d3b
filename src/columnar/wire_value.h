// Table values, columns and numbers as a job's frames carry them: unlike the contract's JSON, nothing is lost on the
// way (doubles to the last bit, NaN, nanoseconds).
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "table/column.h"

namespace lakelift::columnar::wire {

// Every error of this folder's readers: kInvalid, "<what> …".
[[nodiscard]] std::unexpected<Error> bad(std::string_view what);

// A double as its shortest exact text: Boost.JSON's reader may be off by one unit in the last place.
[[nodiscard]] json::value from_double(double number);
[[nodiscard]] Result<double> to_double(const json::value& value);

[[nodiscard]] json::value from_value(const table::Value& value);
[[nodiscard]] Result<table::Value> to_value(const json::value& value, table::ColumnType type, bool nullable);

[[nodiscard]] json::array from_columns(const table::Columns& columns);
// At most limits::kColumns, names unique, distributions typed, counts >= 0.
[[nodiscard]] Result<table::Columns> to_columns(const json::value& value);

// An Error as a frame carries it. Reading never fails: what is unknown, too long or missing becomes kInternal, cut,
// empty.
[[nodiscard]] json::object from_error(const Error& error);
[[nodiscard]] Error to_error(const json::value& value);

// Members that must be there and be of their type.
[[nodiscard]] Result<const json::object*> to_object(const json::value& value, std::string_view what);
[[nodiscard]] Result<const json::array*> array_at(const json::object& object, std::string_view key, std::size_t most);
[[nodiscard]] Result<std::string> text_at(const json::object& object, std::string_view key);
[[nodiscard]] Result<std::int64_t> count_at(const json::object& object, std::string_view key);  // >= 0
[[nodiscard]] Result<bool> bool_at(const json::object& object, std::string_view key);

}  // namespace lakelift::columnar::wire
