// Answering a slice from what is held: nothing is read at the source, and nothing is paid.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "columnar/worker_pool.h"
#include "domain/objects/object_keeper.h"
#include "table/region.h"
#include "table/slice_spec.h"

namespace lakelift::slices {

// A held file, and the part of it that is taken.
struct HeldInput {
  objects::Reference object;
  std::optional<table::Region> within = std::nullopt;
};

struct HeldWork {
  std::vector<HeldInput> inputs;
  table::SliceSpec spec;     // over the rows of all inputs
  bool by_row_keys = false;  // the inputs have columnar::kRowKeyColumn, and the ratio goes by it
};

// Writes the slice as one Parquet file to `output`. Errors: ObjectKeeper::open_verified's; the worker's.
[[nodiscard]] Result<columnar::WriteReport> carry_out(const HeldWork& work, objects::ObjectKeeper& keeper,
                                                      columnar::WorkerPool& workers, int output,
                                                      const columnar::ProgressListener& progress, std::stop_token stop);

}  // namespace lakelift::slices
