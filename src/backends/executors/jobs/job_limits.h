// Limits of jobs at outside engines.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

inline constexpr std::int64_t kJobSeconds = 6 * 3'600;  // of one job; then it is ended
// Of one that asks for a table's version or columns: others wait behind it.
inline constexpr std::int64_t kLookMs = 600'000;
inline constexpr std::size_t kJobManifestBytes = 8 * 1024 * 1024;  // a profile of many columns
inline constexpr std::size_t kFailureBytes = 64 * 1024;
inline constexpr std::size_t kJobParts = 2'000;         // files of one result; the script's MOST_PARTS
inline constexpr std::size_t kJobMessageBytes = 1'024;  // of an engine's reason
inline constexpr std::size_t kCutSampleRows = 20'000;
inline constexpr std::size_t kCutGroups = 10'000;  // the script's GROUPS
inline constexpr std::size_t kCutChunks = 100'000;
inline constexpr std::size_t kJobPartitions = 2'000;          // whose states are told; the script's STATES
inline constexpr std::int64_t kVersionKeptSeconds = 600;      // a version that a job told: asking costs a job
inline constexpr std::int64_t kVersionOldestSeconds = 3'600;  // that it is believed while a job is asked again
inline constexpr std::int64_t kVersionWaitMs = 20'000;        // for a job to tell one that is not known
inline constexpr std::size_t kVersionsKept = 1'000;

}  // namespace lakelift::limits
