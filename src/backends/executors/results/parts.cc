#include "backends/executors/results/parts.h"

#include <fmt/format.h>

#include "backends/executors/results/scratch_file.h"

namespace lakelift::executors {
namespace {

using table::ColumnType;

json::value example_of(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
      return 1;
    case ColumnType::kFloat:
      return 1.5;
    case ColumnType::kBoolean:
      return true;
    case ColumnType::kDatetime:
      return "2000-01-01T00:00:00";
    case ColumnType::kString:
      break;
  }
  return "text";
}

// One row of every type: a table that has the order's columns, to take none of its rows.
Result<FetchedParts> typed_row(const RunOrder& order, const PartsTools& tools, const std::stop_token& stop) {
  json::object row;
  for (const auto& name : order.spec.columns) {
    const table::Column* column = table::find_column(order.table, name);
    if (column == nullptr) return fail(Code::kInternal, "an ordered column is not in the item's spec");
    row[name] = example_of(column->type);
  }
  const std::string line = to_text(row) + "\n";
  TRY(const UniqueFd text, open_scratch_file(tools.scratch_folder));
  TRY_VOID(write_all(text.get(), std::as_bytes(std::span(line))));
  columnar::ConvertJob convert;
  convert.from = columnar::Format::kJsonl;
  convert.to = columnar::Format::kParquet;
  const columnar::Job job{convert, {{"row.jsonl", line.size()}}, {}};
  TRY(UniqueFd parquet, open_scratch_file(tools.scratch_folder));
  TRY_VOID(tools.workers.run(job, [&](std::size_t) { return reopened(text); }, parquet.get(), stop));
  TRY(const std::uint64_t size, file_size(parquet.get()));
  FetchedParts made;
  made.add(std::move(parquet), size);
  return made;
}

// What a worker finds wrong with an engine's files is the engine's fault, not the asker's.
Error as_broken(Error error) {
  switch (error.code) {
    case Code::kInvalid:
    case Code::kCorrupt:
    case Code::kConflict:
    case Code::kUnsupported:
      return result_broken("what the engine wrote is not what was asked for: " + error.message).error();
    default:
      return error;
  }
}

}  // namespace

Result<std::int64_t> write_parts(const RunOrder& order, const PartsOrder& parts, const PartsTools& tools, int output,
                                 const RunObserver& observer, std::stop_token stop) {
  const bool is_empty = parts.parts.empty();
  TRY(const FetchedParts fetched,
      is_empty ? typed_row(order, tools, stop) : fetch_parts(parts.parts, tools.store, tools.scratch_folder, stop));
  columnar::SliceJob slice;
  slice.spec.columns = order.spec.columns;
  slice.spec.ratio = is_empty ? 0 : 1;
  slice.sampling_seed = order.run_id;
  slice.with_row_keys = order.with_row_keys;
  const columnar::Job job{std::move(slice), fetched.inputs(), {}};
  const auto on_progress = [&](const columnar::JobProgress& progress) {
    if (!observer.progress) return;
    observer.progress({progress.rows_read, progress.rows_total, progress.rows_written, progress.bytes_written});
  };
  const auto report =
      tools.workers.run(job, [&](std::size_t index) { return fetched.open(index); }, output, stop, on_progress);
  if (!report) return std::unexpected(as_broken(report.error()));
  const std::int64_t rows = std::get<columnar::WriteReport>(*report).rows;
  if (parts.expected_rows && *parts.expected_rows != rows) {
    return result_broken(
        fmt::format("the engine's files have {} rows; it said that it wrote {}", rows, *parts.expected_rows));
  }
  return rows;
}

}  // namespace lakelift::executors
