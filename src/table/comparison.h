// Parts that the two readers of filters share: the JSON one and the one of what a person types.
#pragma once

#include <string>
#include <vector>

#include "table/slice_spec.h"

namespace lakelift::table {

// The value, unless it is a text above limits::kFilterTextBytes.
[[nodiscard]] Result<Value> checked_literal(Result<Value> value);
// "> >= < <= = !="
[[nodiscard]] std::string symbols_of(const std::vector<Operator>& operators);

}  // namespace lakelift::table
