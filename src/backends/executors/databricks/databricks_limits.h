// Limits of calls to the Jobs API.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

inline constexpr int kDatabricksAttempts = 6;            // of one call
inline constexpr std::int64_t kDatabricksRetryMs = 500;  // the longest pause after a first attempt; it doubles
inline constexpr std::int64_t kDatabricksMostRetryMs = 60'000;
inline constexpr int kDatabricksCallMs = 30'000;
inline constexpr std::size_t kDatabricksAnswerBytes = 1 << 20;
inline constexpr std::int64_t kDatabricksLookMs = 1'000;  // between the first looks at a job; it grows
inline constexpr std::int64_t kDatabricksMostLookMs = 15'000;
inline constexpr int kDatabricksBlindLooks = 20;  // that may fail, one after another, before the run is given back
inline constexpr std::size_t kDatabricksOrderBytes = 10'000;  // of a task's parameters, as the Jobs API has it

}  // namespace lakelift::limits
