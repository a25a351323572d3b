#include "columnar/engine/write_job.h"

#include "columnar/engine/background_sink.h"

namespace lakelift::columnar {
namespace {

SchemaPtr schema_of(const SourceTable& table, const ScanPlan& plan) {
  arrow::FieldVector fields;
  for (const auto& name : plan.columns) {
    const SourceColumn* column = table.find(name);
    fields.push_back(arrow::field(name, column->stored_type, column->is_nullable));
  }
  if (plan.with_row_keys) fields.push_back(arrow::field(std::string(kRowKeyColumn), arrow::int64(), false));
  return arrow::schema(std::move(fields));
}

}  // namespace

Result<WriteReport> write_table(WorkContext& context, const SourceTable& table, const ScanPlan& plan, Format format) {
  TRY_VOID(check_plan(table, plan));
  const auto output = std::make_shared<CountingOutput>(context.output);
  TRY(auto direct, open_sink(format, schema_of(table, plan), output));
  const auto sink = in_background(std::move(direct));
  WriteReport report;
  WorkContext counted = context;
  counted.progress = [&](JobProgress progress) {
    progress.rows_written = report.rows;
    progress.bytes_written = output->bytes();
    if (context.progress) context.progress(progress);
  };
  TRY(const ScanStats stats, scan(counted, table, plan, [&](Batch batch) {
        report.rows += batch.rows;
        return sink->write(std::move(batch));
      }));
  TRY_VOID(sink->finish());
  report.rows_read = stats.rows_read;
  // Of columns alone, as engines that bill by them count: the footers of all files are read for every job.
  report.bytes_read = stats.bytes_read;
  return report;
}

}  // namespace lakelift::columnar
