// JSON lines in, any format out: one pass that finds the columns and their types over all rows, one that writes.
#pragma once

#include "columnar/engine/work.h"

namespace lakelift::columnar {

[[nodiscard]] Result<WriteReport> convert_jsonl(WorkContext& context, const ConvertJob& job);

}  // namespace lakelift::columnar
