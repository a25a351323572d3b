#include <arrow/io/interfaces.h>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/convert_csv.h"
#include "columnar/engine/scan.h"
#include "columnar/engine/table_sink.h"
#include "columnar/engine/work.h"

namespace lakelift::columnar {
namespace {

// All columns of one file, as stored; those that can't be offered are left out, and so are partitions of the path.
Result<WriteReport> convert_parquet(WorkContext& context, const ConvertJob& job) {
  TRY(const SourceTable table, open_table(context));
  ScanPlan plan;
  arrow::FieldVector fields;
  for (const auto& column : table.columns) {
    if (column.partition) continue;
    plan.columns.push_back(column.name);
    fields.push_back(arrow::field(column.name, column.stored_type, column.is_nullable));
  }
  if (plan.columns.empty()) return fail(Code::kInvalid, context.inputs[0].path + ": has no column that can be offered");
  TRY(const auto sink, open_sink(job.to, arrow::schema(std::move(fields)), context.output));
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
}

}  // namespace

Result<WriteReport> convert(WorkContext& context, const ConvertJob& job) {
  return guarded("converting the file", [&]() -> Result<WriteReport> {
    if (context.inputs.size() != 1) return fail(Code::kInvalid, "a conversion takes exactly one file");
    if (job.from == Format::kCsv) return convert_csv(context, job);
    if (job.from == Format::kParquet) return convert_parquet(context, job);
    return fail(Code::kUnsupported, "only Parquet and CSV files can be converted from");
  });
}

}  // namespace lakelift::columnar
