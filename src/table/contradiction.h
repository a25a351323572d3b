// Says which filters of one column can't hold together.
#pragma once

#include <span>
#include <string>

#include "table/column_filters.h"

namespace lakelift::table {

struct Contradiction {
  std::size_t place = 0;  // the first filter, as they were given, that leaves no value
  std::string reason;     // "No row can pass both `dep_delay > 60` and `dep_delay < 15`."
};

// Of filters that no value passes together.
[[nodiscard]] Contradiction contradiction_of(const ColumnFilters& filters);

}  // namespace lakelift::table
