// What a page needs to offer filters over a table (the contract's render_ui_data).
#pragma once

#include "table/column.h"

namespace lakelift::table {

// [{name, type, operators: [">", …]}], one a column, in the columns' order.
[[nodiscard]] json::array column_ui(const Columns& columns);

}  // namespace lakelift::table
