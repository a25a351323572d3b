// The wire form of what a cut found: {"columns": [[name, type], …], "chunks": [{"box", "rows", "figures": [[minimum,
// maximum, nulls, edges, counts], …]}, …]}; the edges and counts are those of the bins of a distribution.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "columnar/job.h"

namespace lakelift::columnar::wire {

// The chunks tell of the same columns in the same order; each bin begins where the one before ends.
[[nodiscard]] json::object from_cut(const CutReport& report);
// At most kCutChunks, kCutFigures and kCutBins; figures that fit each other and the rows; boxes of the columns that are
// told of, in their types.
[[nodiscard]] Result<CutReport> to_cut(const json::object& object);

}  // namespace lakelift::columnar::wire
