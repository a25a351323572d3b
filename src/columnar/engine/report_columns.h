// The contract's columns of a table.
#pragma once

#include "columnar/engine/source_table.h"
#include "table/column.h"

namespace lakelift::columnar {

// In the table's order, without distributions; is_enum false.
[[nodiscard]] table::Columns report_columns(const SourceTable& table);

}  // namespace lakelift::columnar
