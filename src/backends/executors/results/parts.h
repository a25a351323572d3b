// From the Parquet files that an engine wrote to the one that a run returns.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "backends/executors/results/result_store.h"
#include "columnar/worker_pool.h"

namespace lakelift::executors {

struct PartFile {
  std::string file;                         // in the store, whole: "runs/0198c…/1/part-0.parquet"
  std::optional<std::uint64_t> size_bytes;  // as the engine's manifest has it; another size is kCorrupt RESULT_BROKEN
};

struct PartsOrder {
  std::vector<PartFile> parts;                // none: an empty table of the order's columns
  std::optional<std::int64_t> expected_rows;  // another number is kCorrupt RESULT_BROKEN
};

// Fetches the parts into unnamed files of this machine and lets a worker program write them as one, with exactly the
// order's columns in its types (and its row keys), to `output`. Returns the rows. Errors: ResultStore's; the worker's;
// kCorrupt RESULT_BROKEN where the parts are not what was ordered.
[[nodiscard]] Result<std::int64_t> write_parts(const RunOrder& order, const PartsOrder& parts, ResultStore& store,
                                               columnar::WorkerPool& workers, int output, const RunObserver& observer,
                                               std::stop_token stop);

}  // namespace lakelift::executors
