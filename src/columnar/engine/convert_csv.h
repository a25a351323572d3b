// CSV in, any format out: one pass that finds the types over all rows, one that writes.
#pragma once

#include "columnar/engine/work.h"

namespace lakelift::columnar {

[[nodiscard]] Result<WriteReport> convert_csv(WorkContext& context, const ConvertJob& job);

}  // namespace lakelift::columnar
