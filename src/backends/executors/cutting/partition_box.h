// The box of one partition, by what its place or its engine says of its values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "table/column.h"
#include "table/region.h"

namespace lakelift::executors {

// Exactly this value; nothing where no range has it alone (null, NaN).
[[nodiscard]] std::optional<table::Range> range_of_value(const std::string& column, const table::Value& value);
// Of "key=value/key=value/": what is no column, null, or not of its column's type bounds nothing.
[[nodiscard]] table::Box box_of_folders(std::string_view folders, const table::Columns& table);

}  // namespace lakelift::executors
