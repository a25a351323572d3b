// The reading core: the rows of a table that filters and a ratio keep, file by file in byte order of the paths, rows as
// stored, as batches of the columns asked for. Memory: one row group's mask and filter columns, and one batch.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "columnar/engine/gather.h"
#include "columnar/engine/source_table.h"

namespace lakelift::columnar {

struct Batch {
  // In the plan's order, row keys behind them; strings may be dictionaries of the column's type.
  std::vector<ArrayPtr> columns;
  std::int64_t rows = 0;  // never 0
  // Where the batch is from, for those who count rows: the number of its first row in the file, picked or not.
  std::size_t file = 0;
  std::int64_t first_row = 0;
  bool is_picked = false;  // only some of the rows from there on
};
using BatchSink = std::function<Result<void>(Batch)>;

struct ScanPlan {
  std::vector<std::string> columns;
  std::vector<table::Filter> filters;
  double ratio = 1;
  std::string sampling_seed;
  std::function<bool(std::size_t file, int row_group)> wants_group = {};  // without one: all of them
  std::span<const table::Region> regions = {};                            // that inputs refer to
  bool with_row_keys = false;                                             // kRowKeyColumn is added
  bool by_row_keys = false;                                               // the ratio goes by the files' kRowKeyColumn
};

struct ScanStats {
  std::int64_t rows_seen = 0;  // decided about, with or without reading them
  std::int64_t rows_read = 0;  // of row groups that were decoded
  std::int64_t bytes_read = 0;
  std::int64_t groups_pruned = 0;  // row groups that statistics or partitions ruled out
};

// What scan() would refuse before reading anything.
[[nodiscard]] Result<void> check_plan(const SourceTable& table, const ScanPlan& plan);

// Calls `sink` with each batch. Errors: kInvalid for unknown columns and wrong literals, kUnsupported for refused
// columns, kCorrupt naming file and column, and the sink's own.
[[nodiscard]] Result<ScanStats> scan(WorkContext& context, const SourceTable& table, const ScanPlan& plan,
                                     const BatchSink& sink);

}  // namespace lakelift::columnar
