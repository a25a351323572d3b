// What lies in a chunk, written down: [{"column", "type", "minimum", "maximum", "nulls", "distribution"}], the
// contract's borders with the nulls beside them; the distribution [{"value_min", "value_max", "count"}], null where
// there is none.
#pragma once

#include <vector>

#include "backends/executors/executor.h"
#include "base/json.h"

namespace lakelift::slices {

[[nodiscard]] json::array chunk_columns_to_json(const std::vector<executors::ChunkColumn>& columns);
// Error: kCorrupt.
[[nodiscard]] Result<std::vector<executors::ChunkColumn>> chunk_columns_from_json(const json::value& json);

}  // namespace lakelift::slices
