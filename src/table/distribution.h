// The contract's distributions: for people's columns the top values, for numbers the lower edges of their bins.
#pragma once

#include <string>

#include "table/column.h"
#include "table/validation.h"

namespace lakelift::table {

// [{value, count}], the one form that we write.
[[nodiscard]] json::array to_json(const Distribution& distribution);

// Reads every form there is: {value, count}; a bin {value_min, value_max, count}, which becomes its lower edge; and a
// bin that files of items write as two entries, {value_min, count} and then {value_max, count}. Values have the
// column's type; with `strict` also null only where it is nullable, and no value twice. What is wrong goes to `faults`.
[[nodiscard]] Distribution distribution_from_json(const json::value& json, const Column& column, bool strict,
                                                  const std::string& path, Faults& faults);

}  // namespace lakelift::table
