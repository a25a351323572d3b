// Limits of Spark's drivers on this machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

inline constexpr std::int64_t kDriverLookMs = 300;          // between two looks whether a driver has ended
inline constexpr std::int64_t kForeignLookMs = 5'000;       // the same of one on another machine, by its heartbeat
inline constexpr std::int64_t kHeartbeatStaleMs = 120'000;  // without a new one the driver is taken for dead
inline constexpr std::int64_t kDriverEndMs = 10'000;        // from SIGTERM to SIGKILL
inline constexpr int kDriverLaunches = 2;                   // of one token, where a driver died without a word
inline constexpr std::size_t kDriverLogTailBytes = 16 * 1024;
inline constexpr std::size_t kSparkJobsAtOnce = 2;

}  // namespace lakelift::limits
