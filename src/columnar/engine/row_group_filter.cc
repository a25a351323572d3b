#include "columnar/engine/row_group_filter.h"

#include <arrow/util/byte_size.h>

#include <algorithm>

#include "columnar/engine/arrow_errors.h"

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kKeptBytes = 64 << 20;  // decoded filter columns beyond are read again for the output

std::unexpected<Error> miscounted(const std::string& where) {
  return fail(Code::kCorrupt, where + ": its count of values is not its count of rows");
}

bool empty_mask(const std::vector<std::uint8_t>& mask) { return std::find(mask.begin(), mask.end(), 1) == mask.end(); }

class RowSelector {
 public:
  RowSelector(ParquetSource& source, const RowGroupPlace& group, const RowTests& tests, const std::vector<int>& keep)
      : source_(source), group_(group), tests_(tests), keep_(keep) {}

  Result<RowGroupSelection> run() {
    if (!judge()) {
      selection_.none = selection_.pruned = true;
      return std::move(selection_);
    }
    const bool whole_region = tests_.region == nullptr || region_.all;
    if (open_.empty() && tests_.sampler.keeps_all() && whole_region) return std::move(selection_);
    return guarded(source_.path(), [&]() -> Result<RowGroupSelection> {
      selection_.mask.assign(static_cast<std::size_t>(group_.rows), 1);
      tests_.sampler.apply(group_.first_row, selection_.mask);
      TRY_VOID(apply_filters());
      if (!whole_region && !selection_.none) TRY_VOID(look_at_region());
      selection_.none = selection_.none || empty_mask(selection_.mask);
      return std::move(selection_);
    });
  }

 private:
  // False where statistics leave no row.
  bool judge() {
    for (const auto& filter : tests_.filters) {
      const auto verdict = filter.predicate.judge(source_.statistics(group_.index, *filter.column).get());
      if (verdict == Predicate::Verdict::kNone) return false;
      if (verdict == Predicate::Verdict::kSome) open_.push_back(&filter);
    }
    if (tests_.region != nullptr) region_ = tests_.region->judge(source_, group_.index, group_.rows);
    return !region_.none;
  }

  // Whether the decoded column will be wanted again.
  [[nodiscard]] bool is_wanted(const FileColumn& column) const {
    return std::find(keep_.begin(), keep_.end(), column.leaf) != keep_.end();
  }

  Result<void> apply_filters() {
    while (!open_.empty() && !selection_.none) {
      const FileColumn& column = *open_.front()->column;
      std::vector<const Predicate*> predicates;
      for (const auto* same : open_) {
        if (same->column == &column) predicates.push_back(&same->predicate);
      }
      std::erase_if(open_, [&](const auto* same) { return same->column == &column; });
      TRY_VOID(filter_column(column, predicates));
      selection_.none = empty_mask(selection_.mask);
    }
    return {};
  }

  // Decodes one column and lets its filters take rows out of the mask.
  Result<void> filter_column(const FileColumn& column, std::span<const Predicate* const> predicates) {
    const bool in_region =
        std::ranges::any_of(region_.open, [&](const auto& bound) { return bound.stored == &column; });
    bool keep = in_region || is_wanted(column);
    TRY(ColumnStream stream, source_.read(group_.index, column));
    std::deque<ArrayPtr> arrays;
    std::int64_t done = 0;
    for (;;) {
      TRY(ArrayPtr array, stream.next());
      if (array == nullptr) break;
      if (array->length() > group_.rows - done) return miscounted(stream.where());
      const auto part = mask_at(done, array->length());
      for (const Predicate* predicate : predicates) predicate->apply(*array, part);
      done += array->length();
      if (keep) keep = hold(arrays, std::move(array));
    }
    if (done != group_.rows) return miscounted(stream.where());
    if (keep) selection_.decoded.emplace(column.leaf, std::move(arrays));
    return {};
  }

  [[nodiscard]] std::span<std::uint8_t> mask_at(std::int64_t first, std::int64_t rows) {
    return std::span(selection_.mask).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows));
  }

  bool hold(std::deque<ArrayPtr>& arrays, ArrayPtr array) {
    selection_.kept_bytes += arrow::util::TotalBufferSize(*array);
    if (selection_.kept_bytes > kKeptBytes) {
      arrays.clear();
      return false;
    }
    arrays.push_back(std::move(array));
    return true;
  }

  // One of the columns of the region, row by row beside the others.
  struct Lane {
    const FileColumn* column;
    ColumnCursor cursor;
    bool keep = false;
    std::deque<ArrayPtr> arrays = {};
  };

  Result<void> look_at_region() {
    std::vector<Lane> lanes;
    for (const auto& bound : region_.open) {
      const FileColumn& column = *bound.stored;
      if (const auto known = selection_.decoded.find(column.leaf); known != selection_.decoded.end()) {
        lanes.push_back({&column, ColumnCursor(known->second, place(source_.path(), column.name))});
      } else {
        TRY(ColumnStream stream, source_.read(group_.index, column));
        lanes.push_back({&column, ColumnCursor(std::move(stream)), is_wanted(column), {}});
      }
    }
    std::vector<std::vector<Borders::Slot>> slots(lanes.size());
    for (std::int64_t done = 0; done < group_.rows;) {
      TRY(const std::int64_t rows, step(lanes, group_.rows - done));
      for (std::size_t i = 0; i < lanes.size(); ++i) {
        const ArrayPtr array = lanes[i].cursor.take(rows);
        slots[i].resize(static_cast<std::size_t>(rows));
        region_.open[i].column->borders().slots_of(*array, slots[i]);
        if (lanes[i].keep) lanes[i].keep = hold(lanes[i].arrays, array);
      }
      apply_region(region_, slots, mask_at(done, rows));
      done += rows;
    }
    for (auto& lane : lanes) {
      TRY(const std::int64_t rest, lane.cursor.available());
      if (rest != 0) return miscounted(lane.cursor.where());
      if (lane.keep) selection_.decoded.emplace(lane.column->leaf, std::move(lane.arrays));
    }
    return {};
  }

  // How many rows all lanes can go on at once.
  static Result<std::int64_t> step(std::vector<Lane>& lanes, std::int64_t left) {
    std::int64_t rows = std::min(kBatchRows, left);
    for (auto& lane : lanes) {
      TRY(const std::int64_t available, lane.cursor.available());
      if (available == 0) return miscounted(lane.cursor.where());
      rows = std::min(rows, available);
    }
    return rows;
  }

  ParquetSource& source_;
  const RowGroupPlace& group_;
  const RowTests& tests_;
  const std::vector<int>& keep_;
  RowGroupSelection selection_;
  std::vector<const BoundFilter*> open_;  // that statistics did not decide
  GroupRegion region_;
};

}  // namespace

Result<RowGroupSelection> select_rows(ParquetSource& source, const RowGroupPlace& group, const RowTests& tests,
                                      const std::vector<int>& keep) {
  return RowSelector(source, group, tests, keep).run();
}

}  // namespace lakelift::columnar
