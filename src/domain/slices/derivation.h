// Answering a slice from another one that is held: nothing is read at the source, and nothing is paid.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/fd.h"
#include "columnar/worker_pool.h"
#include "domain/objects/object_keeper.h"
#include "domain/slices/run_store.h"
#include "table/slice_spec.h"

namespace lakelift::slices {

// What is taken from which held slice.
struct Derivation {
  store::HeldSlice from;
  table::SliceSpec spec;  // over its result: the columns asked for, and the filters that it does not imply
};

// The smallest held slice that has all rows and columns of `asked`; nothing where none has. Pure.
[[nodiscard]] std::optional<Derivation> derive(const std::vector<store::HeldSlice>& held,
                                               const table::SliceSpec& asked);

// Writes the slice as one Parquet file to `output`. Errors: ObjectKeeper::open_verified's; the worker's.
[[nodiscard]] Result<columnar::WriteReport> carry_out(const Derivation& derivation, objects::ObjectKeeper& keeper,
                                                      columnar::WorkerPool& workers, int output,
                                                      const columnar::ProgressListener& progress, std::stop_token stop);

}  // namespace lakelift::slices
