// Limits of counting what is sent.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

inline constexpr std::int64_t kSessionSlotSeconds = 300;    // see session_store.h
inline constexpr std::int64_t kSessionIdleSeconds = 3'600;  // then what comes is another session
inline constexpr std::int64_t kSessionKeptSeconds = 2 * 86'400;
inline constexpr std::size_t kSessionSpans = 10'000;      // of one; a session with more gaps is not followed further
inline constexpr std::size_t kTransfersAtOnce = 1'000;    // rows of one commit
inline constexpr std::size_t kTransfersQueued = 100'000;  // while the database is away
inline constexpr std::int64_t kTransferRetryMs = 200;     // between two attempts at a commit
inline constexpr std::int64_t kTransferMostRetryMs = 10'000;  // on a full disk
inline constexpr std::size_t kTransfersShown = 200;           // that go on, of one look

}  // namespace lakelift::limits
