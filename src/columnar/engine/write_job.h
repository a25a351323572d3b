// What slice and convert share: a table's rows through a sink into the job's output, with progress and a report.
#pragma once

#include "columnar/engine/scan.h"
#include "columnar/engine/table_sink.h"

namespace lakelift::columnar {

// Scans by `plan` and writes the plan's columns in its order, row keys behind them.
[[nodiscard]] Result<WriteReport> write_table(WorkContext& context, const SourceTable& table, const ScanPlan& plan,
                                              Format format);

}  // namespace lakelift::columnar
