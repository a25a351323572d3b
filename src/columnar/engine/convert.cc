#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/convert_csv.h"
#include "columnar/engine/convert_jsonl.h"
#include "columnar/engine/work.h"
#include "columnar/engine/write_job.h"

namespace lakelift::columnar {
namespace {

// All columns of one file, as stored; those that can't be offered are left out, and so are partitions of the path.
Result<WriteReport> convert_parquet(WorkContext& context, const ConvertJob& job) {
  TRY(const SourceTable table, open_table(context));
  ScanPlan plan;
  for (const auto& column : table.columns) {
    if (!column.partition) plan.columns.push_back(column.name);
  }
  if (plan.columns.empty()) return fail(Code::kInvalid, context.inputs[0].path + ": has no column that can be offered");
  return write_table(context, table, plan, job.to);
}

}  // namespace

Result<WriteReport> convert(WorkContext& context, const ConvertJob& job) {
  return guarded("converting the file", [&]() -> Result<WriteReport> {
    if (context.inputs.size() != 1) return fail(Code::kInvalid, "a conversion takes exactly one file");
    if (job.from == Format::kCsv) return convert_csv(context, job);
    if (job.from == Format::kJsonl) return convert_jsonl(context, job);
    if (job.from == Format::kParquet) return convert_parquet(context, job);
    return fail(Code::kUnsupported, "only Parquet, CSV and JSON lines can be converted from");
  });
}

}  // namespace lakelift::columnar
