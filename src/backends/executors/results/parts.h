// From the Parquet files that an engine wrote to the one that a run returns.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "backends/executors/results/fetched_parts.h"
#include "backends/executors/results/result_store.h"
#include "columnar/worker_pool.h"

namespace lakelift::executors {

struct PartsOrder {
  std::vector<PartFile> parts;                // none: an empty table of the order's columns
  std::optional<std::int64_t> expected_rows;  // another number is kCorrupt RESULT_BROKEN
};

// All outlive the call.
struct PartsTools {
  ResultStore& store;
  columnar::WorkerPool& workers;
  std::string scratch_folder;  // an existing folder, for files that have no name in it
};

// Fetches the parts into unnamed files of this machine and lets a worker program write them as one, with exactly the
// order's columns in its types (and its row keys, by its run id), to `output`: filters, share and part of the table are
// the engine's work, and done. Returns the rows. Errors: ResultStore's (a part that is not there is kCorrupt
// RESULT_BROKEN); kTooLarge; kNoSpace; kCorrupt RESULT_BROKEN where the parts are not what was ordered.
[[nodiscard]] Result<std::int64_t> write_parts(const RunOrder& order, const PartsOrder& parts, const PartsTools& tools,
                                               int output, const RunObserver& observer, std::stop_token stop);

}  // namespace lakelift::executors
