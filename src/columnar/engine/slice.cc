#include <arrow/io/interfaces.h>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/scan.h"
#include "columnar/engine/table_sink.h"
#include "columnar/engine/work.h"

namespace lakelift::columnar {
namespace {

Result<SchemaPtr> schema_of(const SourceTable& table, const std::vector<std::string>& names) {
  arrow::FieldVector fields;
  for (const auto& name : names) {
    const SourceColumn* column = table.find(name);
    if (column == nullptr) continue;  // the scan tells
    fields.push_back(arrow::field(name, column->stored_type, column->is_nullable));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace

Result<WriteReport> slice(WorkContext& context, const SliceJob& job) {
  return guarded("slicing the table", [&]() -> Result<WriteReport> {
    if (job.spec.columns.empty()) return fail(Code::kInvalid, "a slice needs at least one column");
    if (!(job.spec.ratio >= 0 && job.spec.ratio <= 1)) return fail(Code::kInvalid, "the ratio must be from 0 to 1");
    TRY(const SourceTable table, open_table(context));
    const ScanPlan plan{job.spec.columns, job.spec.filters, job.spec.ratio, job.sampling_seed};
    TRY_VOID(check_plan(table, plan));
    TRY(const SchemaPtr schema, schema_of(table, plan.columns));
    TRY(const auto sink, open_parquet_sink(schema, context.output));
    WriteReport report;
    WorkContext counted = context;
    counted.progress = [&](JobProgress progress) {
      progress.rows_written = report.rows;
      progress.bytes_written = context.output->Tell().ValueOr(0);
      if (context.progress) context.progress(progress);
    };
    TRY(const ScanStats stats, scan(counted, table, plan, [&](Batch batch) {
          report.rows += batch.rows;
          return sink->write(std::move(batch));
        }));
    TRY_VOID(sink->finish());
    report.rows_read = stats.rows_read;
    report.bytes_read = table.bytes_read + stats.bytes_read;
    return report;
  });
}

}  // namespace lakelift::columnar
