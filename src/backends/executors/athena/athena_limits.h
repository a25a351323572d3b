// Limits of what is asked of Athena.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

inline constexpr std::size_t kAthenaQueryBytes = 262'144;  // Athena's own, of a query's text
inline constexpr std::size_t kAthenaAnswerBytes = 32 * 1024 * 1024;
inline constexpr int kAthenaIdleMs = 30'000;

// Attempts of one call
inline constexpr int kAthenaAttempts = 8;
inline constexpr std::int64_t kAthenaRetryMs = 200;  // the longest pause after a first attempt; it doubles
inline constexpr std::int64_t kAthenaMostRetryMs = 10'000;

// Waiting for a query
inline constexpr std::int64_t kAthenaPollMs = 150;  // the first pause; each is half as long again
inline constexpr std::int64_t kAthenaMostPollMs = 5'000;
inline constexpr std::int64_t kAthenaRunMs =
    6 * 3'600'000;                                      // in its queue and at work: Athena's own limits are shorter
inline constexpr std::int64_t kAthenaLookMs = 600'000;  // of a query that looks at a table

// Looking at a table
inline constexpr std::size_t kAthenaRowsPerPage = 1'000;
inline constexpr std::size_t kAthenaRows = 50'000;             // that are read of one answer
inline constexpr std::int64_t kAthenaProfileRows = 1'000'000;  // of a larger table a random part is profiled
inline constexpr std::int64_t kAthenaSampleBytes = 1LL << 30;  // that a profile or a cut may scan, about
inline constexpr std::int64_t kAthenaCutRows = 10'000;         // of the sample that borders are taken from
inline constexpr std::size_t kAthenaChunks = 10'000;           // of one cut
inline constexpr std::int64_t kAthenaVersionSeconds = 60;      // that a version is believed
inline constexpr std::size_t kAthenaReasonBytes = 600;         // of an engine's words in a message

}  // namespace lakelift::limits
