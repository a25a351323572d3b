// Parts that the two readers of filters share: the JSON one and the one of what a person types; and its way back.
#pragma once

#include <string>
#include <vector>

#include "table/slice_spec.h"

namespace lakelift::table {

// The value, unless it is a text above limits::kFilterTextBytes.
[[nodiscard]] Result<Value> checked_literal(Result<Value> value);
// "> >= < <= = !="
[[nodiscard]] std::string symbols_of(const std::vector<Operator>& operators);
// "dep_delay >= 15", "name != 'O''Hare'": as a person types it, and parse_comparison reads it. For messages: names and
// texts that are long are cut.
[[nodiscard]] std::string comparison_text(const Filter& filter);

}  // namespace lakelift::table
