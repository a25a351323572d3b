// Which stored type is which of the contract's five, and what one type holds all of two (docs/formats.md).
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "table/value.h"

namespace lakelift::columnar {

using TypePtr = std::shared_ptr<arrow::DataType>;

// The contract's type, or why the column can't be offered ("lists are not supported").
[[nodiscard]] std::expected<table::ColumnType, std::string> contract_type_of(const arrow::DataType& type);

// Dictionaries stand for their values: the type of what the cells are.
[[nodiscard]] const arrow::DataType& value_type_of(const arrow::DataType& type);

// One stored type for a column whose files disagree: itself where equal, int64 for integers (a mix with uint64 has
// none), double for numbers, string for strings, the finest timestamp for datetimes. Null: there is none.
[[nodiscard]] TypePtr common_type(const TypePtr& a, const TypePtr& b);

// Nanoseconds in one unit.
[[nodiscard]] std::int64_t nanos_of(arrow::TimeUnit::type unit);

}  // namespace lakelift::columnar
