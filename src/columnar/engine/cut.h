// Cutting a table into chunks, with bounds that tests may make small.
#pragma once

#include "columnar/cut_limits.h"
#include "columnar/engine/work.h"

namespace lakelift::columnar {

struct CutBounds {
  std::size_t chunks = kCutChunks;
  std::size_t figures = kCutFigures;
  std::size_t sample_rows = 200'000;     // that are in memory at once, about; fewer of tables with many columns
  std::size_t sample_cells = 4'000'000;  // rows times columns, where that leaves any sense
};

[[nodiscard]] Result<CutReport> cut_within(WorkContext& context, const CutJob& job, const CutBounds& bounds);

}  // namespace lakelift::columnar
