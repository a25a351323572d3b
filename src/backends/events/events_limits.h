// Limits of telling others what was transferred.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

// The relay
inline constexpr int kRelayBatch = 5'000;  // entries of the ledger of one step, which waits for its acknowledgement
inline constexpr std::int64_t kRelayLeaseSeconds = 12;   // longer than a publish may take (kPublishMs)
inline constexpr std::int64_t kRelayPollMs = 200;        // how often an idle one looks at the ledger
inline constexpr std::int64_t kRelayFirstPauseMs = 100;  // after a failure; doubles
inline constexpr std::int64_t kRelayLongestPauseMs = 5'000;
inline constexpr std::int64_t kSetAsideKeptSeconds = 30 * 86'400;
inline constexpr std::size_t kSetAsideReasonBytes = 500;

// Kafka
inline constexpr std::int64_t kPublishMs = 8'000;       // of one batch; then what is settled counts
inline constexpr std::int64_t kPublishStallMs = 4'000;  // without one message settled
inline constexpr std::int64_t kPublishStopMs = 500;     // for what is under way when the server stops
inline constexpr int kTopicMs = 1'000;                  // one question about the topic
inline constexpr int kKafkaQueueKib = 64 * 1024;        // that librdkafka holds
inline constexpr int kKafkaBatchBytes = 64 * 1024;      // one message set; far below what brokers take
inline constexpr std::size_t kKafkaSettings = 100;

// Windows read back
inline constexpr std::size_t kStreamedWindows = 100'000;    // newest; a year of five minutes
inline constexpr std::int64_t kWindowsTopicPollMs = 2'000;  // is it there, has it more partitions?

}  // namespace lakelift::limits
