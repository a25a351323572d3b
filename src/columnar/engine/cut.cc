#include "columnar/engine/cut.h"

#include <algorithm>
#include <map>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/cell_figures.h"
#include "columnar/engine/cut_sample.h"
#include "columnar/engine/cut_tree.h"
#include "columnar/engine/cut_value.h"
#include "columnar/engine/scan.h"

namespace lakelift::columnar {
namespace {

constexpr int kRounds = 200;              // looks at the data; a handful is usual
constexpr std::size_t kLeastSample = 16;  // rows that decide about a cell, unless they are all of it
constexpr std::size_t kFewestRows = 500;  // of a sample, whatever the number of columns
constexpr int kUsualPasses = 3;

class Cutter {
 public:
  Cutter(WorkContext& context, const CutJob& job, const CutBounds& bounds)
      : context_(context), job_(job), bounds_(bounds) {}

  Result<CutReport> run() {
    TRY(table_, open_table(context_));
    TRY_VOID(choose_columns());
    TRY_VOID(check_count(static_cast<std::size_t>(table_.rows / job_.most_rows)));
    TRY_VOID(cut_partitions());
    TRY_VOID(cut_by_rows());
    TRY_VOID(count_bins());
    return report();
  }

 private:
  using Cells = std::vector<std::size_t>;
  using Take = std::function<Result<void>(const Batch& batch, const std::vector<std::uint32_t>& cells)>;

  Result<void> choose_columns() {
    names_ = job_.columns;
    if (names_.empty()) {
      for (const auto& column : table_.columns) names_.push_back(column.name);
    }
    if (names_.empty()) return fail(Code::kInvalid, "the table has no column that could be offered");
    for (const auto& name : names_) {
      TRY(const SourceColumn* column, table_.offered(name));
      columns_.push_back(column);
      figures_.push_back(cell_figures(column->type));
      figures_.back()->reset(0);
    }
    tree_.emplace(names_);
    rows_ = {table_.rows};
    scales_.resize(columns_.size());
    return {};
  }

  Result<void> check_count(std::size_t chunks) const {
    const std::size_t most = std::min(bounds_.chunks, bounds_.figures / columns_.size());
    if (chunks <= most) return {};
    return fail(Code::kTooLarge, "the table would be cut into more than " + std::to_string(most) +
                                     " chunks of at most " + std::to_string(job_.most_rows) +
                                     " rows; raise --max-rows");
  }

  // The new cell has `rows` of the old one's, as far as is known.
  Result<std::size_t> split(std::size_t cell, std::size_t column, const table::Value& border, std::int64_t rows) {
    TRY_VOID(check_count(tree_->cells() + 1));
    const std::size_t right = tree_->split(cell, column, border);
    rows_.push_back(rows);
    rows_[cell] -= rows;
    for (const auto& figures : figures_) {
      figures->reset(cell);
      figures->reset(right);
    }
    return right;
  }

  struct PartitionSplit {
    std::size_t column = 0;
    table::Value border;
    std::int64_t rows_right = 0;
    std::int64_t off = std::numeric_limits<std::int64_t>::max();  // from halving the rows
  };

  [[nodiscard]] const table::Value& partition_of(std::size_t column, std::size_t file) const {
    return table_.partitions[*columns_[column]->partition].values[file];
  }

  [[nodiscard]] std::optional<PartitionSplit> split_files(const std::vector<std::size_t>& files) const {
    std::optional<PartitionSplit> best;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      if (!columns_[column]->partition) continue;
      std::map<table::Value, std::int64_t, decltype(&value_less)> rows(&value_less);
      std::int64_t total = 0;
      for (const auto file : files) {
        if (table_.file_rows[file] > 0) rows[partition_of(column, file)] += table_.file_rows[file];
        total += table_.file_rows[file];
      }
      std::int64_t left = 0;
      for (const auto& [value, count] : rows) {
        const std::int64_t off = std::abs(total - left - left);
        if (left > 0 && (!best || off < best->off)) best = PartitionSplit{column, value, total - left, off};
        left += count;
      }
    }
    return best;
  }

  Result<void> cut_partitions() {
    std::vector<std::pair<std::size_t, std::vector<std::size_t>>> ahead(1);
    for (std::size_t file = 0; file < context_.inputs.size(); ++file) ahead[0].second.push_back(file);
    while (!ahead.empty()) {
      auto [cell, files] = std::move(ahead.back());
      ahead.pop_back();
      if (rows_[cell] <= job_.most_rows) continue;
      const auto best = split_files(files);
      if (!best) continue;
      TRY(const std::size_t right, split(cell, best->column, best->border, best->rows_right));
      std::vector<std::size_t> right_files;
      std::erase_if(files, [&](std::size_t file) {
        const bool is_left = value_less(partition_of(best->column, file), best->border);
        if (!is_left) right_files.push_back(file);
        return !is_left;
      });
      ahead.emplace_back(cell, std::move(files));
      ahead.emplace_back(right, std::move(right_files));
    }
    return {};
  }

  // Cells that are too large and whose rows can be told apart.
  [[nodiscard]] Cells open_among(const Cells& cells) const {
    Cells open;
    for (const auto cell : cells) {
      if (rows_[cell] > job_.most_rows && (!is_counted_ || certain_split(cell, {}))) open.push_back(cell);
    }
    return open;
  }

  [[nodiscard]] Cells all_cells() const {
    Cells cells(tree_->cells());
    for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = i;
    return cells;
  }

  Result<void> cut_by_rows() {
    Cells open = open_among(all_cells());
    for (int round = 0; round < kRounds; ++round) {
      const table::Region region = boxes_of(open);  // as they were before they are cut
      Cells changed = open;
      if (!open.empty()) TRY_VOID(cut_sampled(open, region, round, changed));
      // At first all cells are counted, later those that were cut.
      if (!is_counted_) changed = all_cells();
      TRY_VOID(count(is_counted_ ? std::optional(region) : std::nullopt, changed));
      is_counted_ = true;
      open = open_among(changed);
      if (open.empty()) return {};
    }
    return fail(Code::kTooLarge, "the table's rows are so uneven that " + std::to_string(kRounds) +
                                     " looks at them did not cut it; raise --max-rows");
  }

  [[nodiscard]] table::Region boxes_of(const Cells& cells) const {
    table::Region region;
    for (const auto cell : cells) region.push_back(tree_->box(cell));
    return region;
  }

  // `changed`: the open cells and what was cut off from them.
  Result<void> cut_sampled(const Cells& open, const table::Region& region, int round, Cells& changed) {
    std::int64_t rows = 0;
    for (const auto cell : open) rows += rows_[cell];
    const std::size_t wanted =
        std::min(bounds_.sample_rows, std::max(kFewestRows, bounds_.sample_cells / columns_.size()));
    const double ratio = std::min(1.0, static_cast<double>(wanted) / static_cast<double>(rows));

    std::vector<table::ColumnType> types;
    for (const auto* column : columns_) types.push_back(column->type);
    CutSample sample(std::move(types), scales_);
    ScanPlan plan;
    plan.ratio = ratio;
    plan.sampling_seed = "cut " + std::to_string(job_.seed) + " " + std::to_string(round);
    TRY_VOID(look(std::move(plan), region, [&](const Batch& batch, const auto& cells) -> Result<void> {
      sample.add(batch, cells);
      return {};
    }));
    sample.finish();
    const auto by_cell = sample.by_cell();
    for (const auto cell : open) {
      const auto sampled = by_cell.find(static_cast<std::uint32_t>(cell));
      const std::size_t before = tree_->cells();
      if (sampled != by_cell.end()) TRY_VOID(cut_cell(cell, sample, sampled->second, ratio >= 1));
      if (tree_->cells() == before && is_counted_) {
        const auto row = sampled == by_cell.end() ? std::nullopt : std::optional(sampled->second.front());
        TRY_VOID(cut_for_certain(cell, sample, row));
      }
      for (std::size_t cut = before; cut < tree_->cells(); ++cut) changed.push_back(cut);
    }
    return {};
  }

  // In halves, as far as the sample tells.
  Result<void> cut_cell(std::size_t cell, const CutSample& sample, const CutSample::Rows& rows, bool is_whole) {
    std::vector<std::pair<std::size_t, CutSample::Rows>> ahead{{cell, rows}};
    while (!ahead.empty()) {
      auto [next, some] = std::move(ahead.back());
      ahead.pop_back();
      const bool decides = is_whole || next == cell || some.size() >= kLeastSample;
      if (rows_[next] <= job_.most_rows || !decides) continue;
      auto parts = sample.split(some);
      if (!parts) continue;
      const auto share = static_cast<double>(parts->right.size()) / static_cast<double>(some.size());
      const auto right_rows = is_whole ? static_cast<std::int64_t>(parts->right.size())
                                       : static_cast<std::int64_t>(static_cast<double>(rows_[next]) * share);
      TRY(const std::size_t right, split(next, parts->column, parts->border, right_rows));
      ahead.emplace_back(right, std::move(parts->right));
      ahead.emplace_back(next, std::move(parts->left));
    }
    return {};
  }

  // What counts say where a sample shows but one kind of row.
  struct CertainSplit {
    std::size_t column;
    std::vector<table::Value> borders;
  };
  [[nodiscard]] std::optional<CertainSplit> certain_split(
      std::size_t cell, const std::function<table::Value(std::size_t column)>& often) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      auto borders = certain_borders(*figures_[i], cell, often ? often(i) : table::Value());
      if (!borders.empty()) return CertainSplit{i, std::move(borders)};
    }
    return std::nullopt;
  }

  Result<void> cut_for_certain(std::size_t cell, const CutSample& sample, std::optional<std::uint32_t> row) {
    const auto parts =
        certain_split(cell, [&](std::size_t column) { return row ? sample.value(*row, column) : table::Value(); });
    if (!parts) return {};
    for (const auto& border : parts->borders) {
      TRY(cell, split(cell, parts->column, border, rows_[cell] / 2));
    }
    return {};
  }

  Result<void> count(const std::optional<table::Region>& region, const Cells& cells) {
    for (const auto cell : cells) {
      rows_[cell] = 0;
      for (const auto& figures : figures_) figures->reset(cell);
    }
    return look({}, region, [&](const Batch& batch, const std::vector<std::uint32_t>& at) -> Result<void> {
      for (const auto cell : at) ++rows_[cell];
      for (std::size_t i = 0; i < figures_.size(); ++i) TRY_VOID(figures_[i]->add(*batch.columns[i], at));
      return {};
    });
  }

  Result<void> count_bins() {
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (figures_[i]->start_second_pass()) wanted.push_back(i);
    }
    if (wanted.empty()) return {};
    return look({}, std::nullopt, [&](const Batch& batch, const std::vector<std::uint32_t>& at) -> Result<void> {
      for (const auto i : wanted) figures_[i]->add_again(*batch.columns[i], at);
      return {};
    });
  }

  // One pass over the rows of the region; nothing: of the table.
  Result<void> look(ScanPlan plan, const std::optional<table::Region>& region, const Take& take) {
    TRY(CutLocator locator, CutLocator::of(*tree_, table_));
    WorkContext context = context_;
    plan.columns = names_;
    if (region) {
      plan.regions = std::span(&*region, 1);
      for (auto& input : context.inputs) input.region = 0;
    }
    const std::int64_t done = passes_++ * table_.rows;
    const std::int64_t total = std::max(kUsualPasses, passes_ + 1) * table_.rows;
    context.progress = [&](JobProgress progress) {
      progress.rows_read += done;
      progress.rows_total = total;
      if (context_.progress) context_.progress(progress);
    };
    TRY_VOID(scan(context, table_, plan, [&](const Batch& batch) { return take(batch, locator.locate(batch)); }));
    return {};
  }

  Result<CutReport> report() const {
    CutReport report;
    std::int64_t rows = 0;
    for (const auto cell : tree_->in_order()) {
      CutChunk chunk{tree_->box(cell), rows_[cell], {}};
      for (std::size_t i = 0; i < figures_.size(); ++i) {
        chunk.columns.push_back(figures_[i]->finish(cell));
        chunk.columns.back().name = names_[i];
      }
      rows += chunk.rows;
      report.chunks.push_back(std::move(chunk));
    }
    if (rows != table_.rows) return fail(Code::kInternal, "the chunks do not add up to the table");
    return report;
  }

  WorkContext& context_;
  const CutJob& job_;
  const CutBounds& bounds_;
  SourceTable table_;
  std::vector<std::string> names_;
  std::vector<const SourceColumn*> columns_;  // by name, into table_
  std::vector<CutScale> scales_;
  std::optional<CutTree> tree_;
  std::vector<std::int64_t> rows_;  // by cell: counted, or guessed until then
  std::vector<std::unique_ptr<CellFigures>> figures_;
  bool is_counted_ = false;
  int passes_ = 0;
};

}  // namespace

Result<CutReport> cut_within(WorkContext& context, const CutJob& job, const CutBounds& bounds) {
  return guarded("cutting the table", [&]() -> Result<CutReport> {
    if (job.most_rows < 1) return fail(Code::kInvalid, "a chunk has at least one row");
    return Cutter(context, job, bounds).run();
  });
}

Result<CutReport> cut(WorkContext& context, const CutJob& job) { return cut_within(context, job, {}); }

}  // namespace lakelift::columnar
