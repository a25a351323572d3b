#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/report_columns.h"
#include "columnar/engine/source_table.h"
#include "columnar/engine/work.h"

namespace lakelift::columnar {

table::Columns report_columns(const SourceTable& table) {
  table::Columns columns;
  for (const auto& source : table.columns) {
    table::Column column;
    column.name = source.name;
    column.type = source.type;
    column.size = source.size_bytes;
    column.is_nullable = source.is_nullable;
    columns.push_back(std::move(column));
  }
  return columns;
}

Result<InspectReport> inspect(WorkContext& context, const InspectJob& /*job*/) {
  return guarded("inspecting the table", [&]() -> Result<InspectReport> {
    TRY(const SourceTable table, open_table(context));
    return InspectReport{.columns = report_columns(table), .refused = table.refused, .rows = table.rows};
  });
}

}  // namespace lakelift::columnar
