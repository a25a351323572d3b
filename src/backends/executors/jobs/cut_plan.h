// Cutting a table that lies in an engine: along its partition columns as far as these go, then by random rows of it.
// Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/executors/jobs/answers.h"

namespace lakelift::executors {

// Disjoint boxes that hold every row, null and NaN included, cut in k-d fashion: always the column that tells the most
// rows of the part apart, at its median. A part is not cut further than its random rows tell. What is said of a chunk's
// columns comes from its random rows; counts are scaled up.
[[nodiscard]] Result<std::vector<Chunk>> plan_cut(const CutFacts& facts, const table::Columns& columns,
                                                  std::int64_t most_rows);

}  // namespace lakelift::executors
