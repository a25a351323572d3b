#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/work.h"
#include "columnar/engine/write_job.h"

namespace lakelift::columnar {
namespace {

ColumnNeeds needs_of(const SliceJob& job) {
  ColumnNeeds needs;
  needs.everywhere.insert(job.spec.columns.begin(), job.spec.columns.end());
  for (const auto& filter : job.spec.filters) needs.everywhere.insert(filter.name);
  for (const auto& region : job.regions) {
    auto& names = needs.by_region.emplace_back();
    for (const auto& box : region) {
      for (const auto& range : box) names.insert(range.column);
    }
  }
  return needs;
}

// Whose keys a table's own column of that name holds, nobody knows.
Result<void> check_source(const SourceTable& table, const SliceJob& job) {
  const std::string& path = table.row_keys.first_with;
  if (!job.is_of_source || !job.with_row_keys || path.empty()) return {};
  return fail(Code::kInvalid, place(path, kRowKeyColumn) + ": " + std::string(kRowKeyRefusal));
}

}  // namespace

Result<WriteReport> slice(WorkContext& context, const SliceJob& job) {
  return guarded("slicing the table", [&]() -> Result<WriteReport> {
    if (job.spec.columns.empty()) return fail(Code::kInvalid, "a slice needs at least one column");
    if (!(job.spec.ratio >= 0 && job.spec.ratio <= 1)) return fail(Code::kInvalid, "the ratio must be from 0 to 1");
    const ColumnNeeds needs = needs_of(job);
    TRY(const SourceTable table, open_table(context, job.ignores_other_columns ? &needs : nullptr));
    TRY_VOID(check_source(table, job));
    ScanPlan plan{job.spec.columns, job.spec.filters, job.spec.ratio, job.sampling_seed};
    plan.regions = job.regions;
    plan.with_row_keys = job.with_row_keys;
    plan.by_row_keys = job.by_row_keys;
    return write_table(context, table, plan, Format::kParquet);
  });
}

}  // namespace lakelift::columnar
