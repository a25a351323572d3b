// Arrays brought to another type: files of one table that store a column in different widths, and dictionaries undone.
#pragma once

#include "columnar/engine/column_types.h"
#include "columnar/engine/gather.h"

namespace lakelift::columnar {

// The array as `type` (a common_type of what it is). Dictionaries of the right value type stay as they are.
// Error: kInvalid naming `where` for a value that does not fit (a timestamp beyond the nanoseconds of 64 bits).
[[nodiscard]] Result<ArrayPtr> conform(const ArrayPtr& array, const TypePtr& type, std::string_view where);

// The values in place of a dictionary's indices; other arrays as they are.
[[nodiscard]] Result<ArrayPtr> without_dictionary(const ArrayPtr& array);

// `rows` times the same value (null: nulls) as `type`; strings as a dictionary of one.
[[nodiscard]] Result<ArrayPtr> repeat(const table::Value& value, const TypePtr& type, std::int64_t rows);

}  // namespace lakelift::columnar
