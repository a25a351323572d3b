#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/work.h"
#include "columnar/engine/write_job.h"

namespace lakelift::columnar {

Result<WriteReport> slice(WorkContext& context, const SliceJob& job) {
  return guarded("slicing the table", [&]() -> Result<WriteReport> {
    if (job.spec.columns.empty()) return fail(Code::kInvalid, "a slice needs at least one column");
    if (!(job.spec.ratio >= 0 && job.spec.ratio <= 1)) return fail(Code::kInvalid, "the ratio must be from 0 to 1");
    TRY(const SourceTable table, open_table(context));
    const ScanPlan plan{job.spec.columns, job.spec.filters, job.spec.ratio, job.sampling_seed};
    return write_table(context, table, plan, Format::kParquet);
  });
}

}  // namespace lakelift::columnar
