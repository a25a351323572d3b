#include "columnar/engine/row_group_filter.h"

#include <arrow/util/byte_size.h>

#include <algorithm>

#include "columnar/engine/arrow_errors.h"

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kKeptBytes = 64 << 20;  // decoded filter columns beyond are read again for the output

// Decodes one column and lets its filters take rows out of the mask.
class ColumnFilter {
 public:
  ColumnFilter(ParquetSource& source, const RowGroupPlace& group, RowGroupSelection& selection)
      : source_(source), group_(group), selection_(selection) {}

  Result<void> run(const FileColumn& column, std::span<const Predicate* const> predicates, bool keep) {
    TRY(ColumnStream stream, source_.read(group_.index, column));
    std::deque<ArrayPtr> arrays;
    std::int64_t done = 0;
    for (;;) {
      TRY(ArrayPtr array, stream.next());
      if (array == nullptr) break;
      if (array->length() > group_.rows - done) return miscounted(stream);
      const auto part =
          std::span(selection_.mask).subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(array->length()));
      for (const Predicate* predicate : predicates) predicate->apply(*array, part);
      done += array->length();
      if (keep) keep = hold(arrays, std::move(array));
    }
    if (done != group_.rows) return miscounted(stream);
    if (keep) selection_.decoded.emplace(column.leaf, std::move(arrays));
    return {};
  }

 private:
  static std::unexpected<Error> miscounted(const ColumnStream& stream) {
    return fail(Code::kCorrupt, stream.where() + ": its count of values is not its count of rows");
  }

  bool hold(std::deque<ArrayPtr>& arrays, ArrayPtr array) {
    kept_bytes_ += arrow::util::TotalBufferSize(*array);
    if (kept_bytes_ > kKeptBytes) {
      arrays.clear();
      return false;
    }
    arrays.push_back(std::move(array));
    return true;
  }

  ParquetSource& source_;
  const RowGroupPlace& group_;
  RowGroupSelection& selection_;
  std::int64_t kept_bytes_ = 0;
};

bool empty_mask(const std::vector<std::uint8_t>& mask) { return std::find(mask.begin(), mask.end(), 1) == mask.end(); }

}  // namespace

Result<RowGroupSelection> select_rows(ParquetSource& source, const RowGroupPlace& group,
                                      const std::vector<BoundFilter>& filters, const RowSampler& sampler,
                                      const std::vector<int>& keep) {
  RowGroupSelection selection;
  std::vector<const BoundFilter*> open;  // that statistics did not decide
  for (const auto& filter : filters) {
    const auto verdict = filter.predicate.judge(source.statistics(group.index, *filter.column).get());
    if (verdict == Predicate::Verdict::kNone) {
      selection.none = selection.pruned = true;
      return selection;
    }
    if (verdict == Predicate::Verdict::kSome) open.push_back(&filter);
  }
  if (open.empty() && sampler.keeps_all()) return selection;
  return guarded(source.path(), [&]() -> Result<RowGroupSelection> {
    selection.mask.assign(static_cast<std::size_t>(group.rows), 1);
    sampler.apply(group.first_row, selection.mask);
    ColumnFilter filter(source, group, selection);
    while (!open.empty() && !selection.none) {
      const FileColumn& column = *open.front()->column;
      std::vector<const Predicate*> predicates;
      for (const auto* same : open) {
        if (same->column == &column) predicates.push_back(&same->predicate);
      }
      std::erase_if(open, [&](const auto* same) { return same->column == &column; });
      const bool needed = std::find(keep.begin(), keep.end(), column.leaf) != keep.end();
      TRY_VOID(filter.run(column, predicates, needed));
      selection.none = empty_mask(selection.mask);
    }
    selection.none = selection.none || empty_mask(selection.mask);
    return std::move(selection);
  });
}

}  // namespace lakelift::columnar
