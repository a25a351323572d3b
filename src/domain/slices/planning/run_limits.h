// How far a run may go on an engine. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "domain/slices/planning/price.h"

namespace lakelift::slices {

inline constexpr std::size_t kOutsideRuns = 4;               // at once on one engine, of all servers together
inline constexpr std::int64_t kRunDeadlineSeconds = 86'400;  // of one run

struct EngineLimits {
  std::size_t runs_at_once = 0;  // 0: kOutsideRuns; of the local engine, --running-runs of each server
  std::int64_t deadline_seconds = kRunDeadlineSeconds;
  std::int64_t most_scanned_bytes = 0;  // of one run; 0: no limit
  std::int64_t most_micros = 0;         // of one run; 0: no limit
};

// How far a run has come.
struct RunSoFar {
  executors::ExecutorType engine = executors::ExecutorType::kLocal;
  std::int64_t scanned_bytes = 0;
  std::int64_t elapsed_ms = 0;
};

// Why it must not go on, said so that a person knows what to do. kDeadline RUN_DEADLINE; kForbidden RUN_CUT_OFF.
[[nodiscard]] std::optional<Error> beyond(const EngineLimits& limits, const PriceList& prices, const RunSoFar& run);

// Before it is begun. Error: kForbidden RUN_CUT_OFF with what is expected and what is allowed.
[[nodiscard]] Result<void> check_expected(const EngineLimits& limits, const PriceList& prices, const Cost& expected);

}  // namespace lakelift::slices
