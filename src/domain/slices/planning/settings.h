// What whoever runs the server has decided about slices.
#pragma once

#include <cstdint>
#include <map>

#include "domain/slices/planning/price.h"
#include "domain/slices/planning/run_limits.h"

namespace lakelift::slices {

struct SliceSettings {
  PriceList prices;
  std::int64_t most_piece_bytes = 1'000'000'000;  // a run for missing chunks brings more than is asked for up to this
  // What of chunks is held is dropped when it was not used for so long, or is more than this. 0: never.
  std::int64_t chunks_unused_seconds = 0;
  std::int64_t chunks_bytes = 0;
  std::map<executors::ExecutorType, EngineLimits> limits;  // those that are left out: the defaults

  [[nodiscard]] EngineLimits limits_of(executors::ExecutorType engine) const {
    const auto found = limits.find(engine);
    return found == limits.end() ? EngineLimits{} : found->second;
  }
};

}  // namespace lakelift::slices
