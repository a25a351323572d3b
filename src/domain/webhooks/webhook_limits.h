// The limits of webhooks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace lakelift::webhooks {

inline constexpr std::size_t kUrlBytes = 2'048;
inline constexpr std::int64_t kWebhooksPerAccount = 10;
inline constexpr std::size_t kBodyBytes = 256 * 1024;   // of one event; a larger one is sent without what was rendered
inline constexpr std::size_t kAnswerBytes = 16 * 1024;  // of a receiver; nothing of it is kept
inline constexpr int kSendTimeoutMs = 10'000;
inline constexpr Micros kLeaseMicros = 60 * kMicrosPerSecond;  // longer than a call may take
inline constexpr int kSenders = 3;                             // threads of one server
inline constexpr int kSendPollMs = 1'000;                      // how often an idle one looks for other servers' events
inline constexpr int kDeliveryAttempts = 12;                   // about 9 hours in the mean
inline constexpr Micros kFirstPauseMicros = 2 * kMicrosPerSecond;  // after the first failure at most; doubles
inline constexpr Micros kLongestPauseMicros = 6 * 3'600 * kMicrosPerSecond;
inline constexpr int kListedDeliveries = 100;                                        // newest of a webhook
inline constexpr Micros kKeptMicros = 30 * std::int64_t{86'400} * kMicrosPerSecond;  // after they have ended

}  // namespace lakelift::webhooks
