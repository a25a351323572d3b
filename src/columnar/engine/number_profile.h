// The profile of a column of numbers: bins, mean, deviation, median, top values.
#pragma once

#include <memory>

#include "columnar/engine/column_profile.h"

namespace lakelift::columnar {

// `columns` as in column_profile().
[[nodiscard]] std::unique_ptr<ColumnProfile> whole_number_profile(std::size_t columns);
[[nodiscard]] std::unique_ptr<ColumnProfile> float_profile(std::size_t columns);

}  // namespace lakelift::columnar
