// Limits of what outside engines leave.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

inline constexpr std::size_t kResultParts = 8'192;  // files of one run; each is an open file while they become one
inline constexpr std::uint64_t kResultBytes = 64ULL << 30;  // of all parts of one run
inline constexpr std::size_t kManifestBytes = 4 * 1024 * 1024;
// That a begun run is waited for while its engine or its results are away, and between two looks.
inline constexpr std::int64_t kResultsAwayMs = 1'800'000;
inline constexpr std::int64_t kResultsAgainMs = 5'000;
inline constexpr std::int64_t kResultKeptSeconds = 3'600;         // after it was fetched: by then its run is published
inline constexpr std::int64_t kLeftoverSeconds = 2 * 86'400;      // nobody comes for what a crash left behind
inline constexpr std::int64_t kLeftoverSweepSeconds = 6 * 3'600;  // between two looks for such
inline constexpr std::size_t kSweptAtOnce = 1'000;

}  // namespace lakelift::limits
