// The hive partitions of a listing, and whether their files have changed.
#pragma once

#include <vector>

#include "backends/executors/executor.h"
#include "backends/executors/local/listing.h"

namespace lakelift::executors {

// One a combination of "key=value" folders. A value that is not of its column's type, or null, bounds nothing.
[[nodiscard]] std::vector<PartitionState> partition_states(const Listing& listing, const table::Columns& table);

}  // namespace lakelift::executors
