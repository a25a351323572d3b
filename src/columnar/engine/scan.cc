#include "columnar/engine/scan.h"

#include <arrow/array/builder_primitive.h>

#include <algorithm>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/conform.h"
#include "columnar/engine/row_group_filter.h"

namespace lakelift::columnar {
namespace {

// Row keys as a column of their own: they are no column of the table.
const SourceColumn& row_key_column() {
  static const SourceColumn column{.name = std::string(kRowKeyColumn),
                                   .type = table::ColumnType::kInteger,
                                   .stored_type = arrow::int64(),
                                   .partition = std::nullopt};
  return column;
}

// All or none, and of the right type. With row keys that the table itself has, and not all: whose are they?
Result<void> check_row_keys(const SourceTable& table, const ScanPlan& plan) {
  const RowKeyFiles& files = table.row_keys;
  const std::string name = "'" + std::string(kRowKeyColumn) + "'";
  if (!plan.with_row_keys && !plan.by_row_keys) return {};
  if (!files.first_unsound.empty()) {
    return fail(Code::kInvalid, files.first_unsound + ": its column " + name + " does not hold row keys (int64)");
  }
  if (files.first_without.empty() || (files.count == 0 && !plan.by_row_keys)) return {};
  if (plan.by_row_keys) {
    return fail(Code::kInvalid, files.first_without + ": has no column " + name + ", by which rows are to be chosen");
  }
  return fail(Code::kInvalid,
              files.first_with + ": has the column " + name + ", but " + files.first_without + " has not");
}

class Scan {
 public:
  Scan(WorkContext& context, const SourceTable& table, const ScanPlan& plan, const BatchSink& sink)
      : context_(context), table_(table), plan_(plan), sink_(sink) {}

  Result<ScanStats> run() {
    TRY_VOID(check_plan(table_, plan_));
    for (const auto& region : plan_.regions) {
      TRY(RegionFilter filter, RegionFilter::compile(region, table_));
      regions_.push_back(std::move(filter));
    }
    resolve();
    for (std::size_t file = 0; file < context_.inputs.size(); ++file) TRY_VOID(scan_file(file));
    return stats_;
  }

 private:
  // Where an output column of the current file comes from: the file, its path, or nowhere (nulls).
  struct Output {
    const SourceColumn* column;
    const FileColumn* stored = nullptr;
  };

  void resolve() {
    for (const auto& name : plan_.columns) outputs_.push_back({table_.find(name)});
    if (plan_.with_row_keys) outputs_.push_back({&row_key_column()});
    for (const auto& filter : plan_.filters) filter_columns_.push_back(table_.find(filter.name));
  }

  Result<void> scan_file(std::size_t file) {
    file_ = file;
    const InputFile& input = context_.inputs[file];
    if (input.region && *input.region >= regions_.size()) return fail(Code::kInternal, "the job has no such region");
    const RegionFilter* region = input.region ? &regions_[*input.region] : nullptr;
    const bool none = RowSampler(plan_.sampling_seed, input.path, plan_.ratio).keeps_none();
    if (none || !partitions_pass() || (region != nullptr && !region->may_be_in(file))) return skip_file();
    TRY(const auto source, ParquetSource::open(context_, file, table_.footers[file]));
    std::vector<BoundFilter> filters;
    TRY(bool possible, bind(*source, filters));
    std::optional<FileRegion> bound;
    if (region != nullptr) bound = region->bind(file, *source);
    if (bound && bound->none()) possible = false;
    const RowSampler sampler(plan_.sampling_seed, input.path, plan_.by_row_keys ? 1 : plan_.ratio);
    const RowTests tests{filters, sampler, bound ? &*bound : nullptr};
    std::int64_t first_row = 0;
    for (int i = 0; i < source->metadata()->num_row_groups(); ++i) {
      const RowGroupPlace group{i, first_row, source->metadata()->RowGroup(i)->num_rows()};
      first_row += group.rows;
      if (group.rows == 0) continue;
      const bool wanted = !plan_.wants_group || plan_.wants_group(file, i);
      if (possible && wanted) {
        TRY_VOID(scan_group(*source, group, tests));
      } else {
        ++stats_.groups_pruned;
      }
      report(group.rows);
    }
    stats_.bytes_read += source->bytes_read();
    return {};
  }

  // A file that can't hold a row of the answer: only its count of rows is needed, for the progress.
  Result<void> skip_file() {
    std::int64_t rows = 0;
    if (table_.footers[file_] != nullptr) {
      rows = table_.footers[file_]->num_rows();
      stats_.groups_pruned += table_.footers[file_]->num_row_groups();
    }
    report(rows);
    return {};
  }

  bool partitions_pass() const {
    for (std::size_t i = 0; i < plan_.filters.size(); ++i) {
      const auto& partition = filter_columns_[i]->partition;
      if (!partition) continue;
      const auto& filter = plan_.filters[i];
      if (!passes(table_.partitions[*partition].values[file_], filter.op, filter.value)) return false;
    }
    return true;
  }

  // False where a filter's column is missing in this file: its cells are null, and null never passes.
  Result<bool> bind(const ParquetSource& source, std::vector<BoundFilter>& filters) {
    for (auto& output : outputs_) output.stored = output.column->partition ? nullptr : source.find(output.column->name);
    for (std::size_t i = 0; i < plan_.filters.size(); ++i) {
      if (filter_columns_[i]->partition) continue;
      const FileColumn* column = source.find(filter_columns_[i]->name);
      if (column == nullptr) return false;
      TRY(auto predicate, Predicate::compile(plan_.filters[i], *column->type));
      filters.push_back({column, std::move(predicate)});
    }
    if (plan_.by_row_keys && plan_.ratio < 1) {
      const FileColumn* keys = source.find(kRowKeyColumn);
      if (keys == nullptr) return fail(Code::kInternal, "the row keys are not there any more");
      filters.push_back({keys, Predicate::unsigned_below(RowSampler::threshold_of(plan_.ratio))});
    }
    return true;
  }

  Result<void> scan_group(ParquetSource& source, const RowGroupPlace& group, const RowTests& tests) {
    std::vector<int> keep;
    for (const auto& output : outputs_) {
      if (output.stored != nullptr) keep.push_back(output.stored->leaf);
    }
    TRY(auto selection, select_rows(source, group, tests, keep));
    if (selection.pruned) {
      ++stats_.groups_pruned;
      return {};
    }
    stats_.rows_read += group.rows;
    if (selection.none) return {};
    TRY(auto cursors, open_cursors(source, group, selection));
    return emit(group, selection.mask, cursors);
  }

  // One a output column; null for those that are not in the file.
  using Cursors = std::vector<std::unique_ptr<ColumnCursor>>;
  Result<Cursors> open_cursors(ParquetSource& source, const RowGroupPlace& group, RowGroupSelection& selection) {
    Cursors cursors;
    for (const auto& output : outputs_) {
      if (output.stored == nullptr) {
        cursors.push_back(nullptr);
      } else if (auto decoded = selection.decoded.find(output.stored->leaf); decoded != selection.decoded.end()) {
        const std::string where = place(source.path(), output.stored->name);
        cursors.push_back(std::make_unique<ColumnCursor>(std::move(decoded->second), where));
      } else {
        TRY(auto stream, source.read(group.index, *output.stored));
        cursors.push_back(std::make_unique<ColumnCursor>(std::move(stream)));
      }
    }
    return cursors;
  }

  Result<void> emit(const RowGroupPlace& group, std::span<const std::uint8_t> mask, Cursors& cursors) {
    for (std::int64_t done = 0; done < group.rows;) {
      std::int64_t rows = std::min(kBatchRows, group.rows - done);
      for (const auto& cursor : cursors) {
        if (cursor == nullptr) continue;
        TRY(const std::int64_t available, cursor->available());
        if (available == 0) {
          return fail(Code::kCorrupt, cursor->where() + ": its count of values is not its count of rows");
        }
        rows = std::min(rows, available);
      }
      Batch batch{.columns = {}, .rows = rows, .file = file_, .first_row = group.first_row + done};
      if (!mask.empty()) {
        positions_of(mask.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(rows)), positions_);
        batch.rows = static_cast<std::int64_t>(positions_.size());
        batch.is_picked = true;
      }
      TRY_VOID(fill(batch, rows, cursors));
      done += rows;
      if (batch.rows > 0) TRY_VOID(sink_(std::move(batch)));
    }
    return {};
  }

  Result<void> fill(Batch& batch, std::int64_t rows, Cursors& cursors) {
    for (std::size_t i = 0; i < cursors.size(); ++i) {
      if (cursors[i] == nullptr) {
        TRY(auto array, made_up(*outputs_[i].column, batch));
        batch.columns.push_back(std::move(array));
        continue;
      }
      ArrayPtr array = cursors[i]->take(rows);
      if (batch.rows == 0) continue;
      if (batch.rows < rows) {
        TRY(array, gather(array, positions_));
      }
      TRY(array, conform(array, outputs_[i].column->stored_type, cursors[i]->where()));
      if (outputs_[i].column == &row_key_column() && array->null_count() != 0) {
        return fail(Code::kCorrupt, cursors[i]->where() + ": a row has no key");
      }
      batch.columns.push_back(std::move(array));
    }
    return {};
  }

  Result<ArrayPtr> made_up(const SourceColumn& column, const Batch& batch) const {
    if (&column == &row_key_column()) return made_keys(batch);
    if (!column.partition) return repeat({}, column.stored_type, batch.rows);
    return repeat(table_.partitions[*column.partition].values[file_], column.stored_type, batch.rows);
  }

  // The hashes by which a ratio would keep the rows. positions_: those of the batch, where it has not all rows.
  Result<ArrayPtr> made_keys(const Batch& batch) const {
    const RowHash hash(plan_.sampling_seed, context_.inputs[file_].path);
    const auto rows = static_cast<std::size_t>(batch.rows);
    const bool picked = batch.is_picked;
    arrow::Int64Builder builder;
    TRY_VOID(checked(builder.Reserve(batch.rows), "making row keys"));
    for (std::size_t i = 0; i < rows; ++i) {
      const std::int64_t row = batch.first_row + (picked ? positions_[i] : static_cast<std::int64_t>(i));
      builder.UnsafeAppend(static_cast<std::int64_t>(hash(row)));
    }
    return checked(builder.Finish(), "making row keys");
  }

  void report(std::int64_t rows) {
    stats_.rows_seen += rows;
    if (!context_.progress) return;
    JobProgress progress{.rows_read = stats_.rows_seen, .rows_total = table_.rows};
    context_.progress(progress);
  }

  WorkContext& context_;
  const SourceTable& table_;
  const ScanPlan& plan_;
  const BatchSink& sink_;
  ScanStats stats_;
  std::vector<Output> outputs_;
  std::vector<const SourceColumn*> filter_columns_;  // one a filter
  std::vector<RegionFilter> regions_;
  std::size_t file_ = 0;
  std::vector<std::int32_t> positions_;
};

}  // namespace

Result<void> check_plan(const SourceTable& table, const ScanPlan& plan) {
  for (const auto& name : plan.columns) TRY_VOID(table.offered(name));
  for (const auto& filter : plan.filters) {
    TRY(const SourceColumn* column, table.offered(filter.name));
    TRY_VOID(Predicate::compile(filter, *column->stored_type));
  }
  for (const auto& region : plan.regions) TRY_VOID(RegionFilter::compile(region, table));
  return check_row_keys(table, plan);
}

Result<ScanStats> scan(WorkContext& context, const SourceTable& table, const ScanPlan& plan, const BatchSink& sink) {
  return guarded("reading the table", [&] { return Scan(context, table, plan, sink).run(); });
}

}  // namespace lakelift::columnar
