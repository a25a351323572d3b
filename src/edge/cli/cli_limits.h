// The command line's limits: they bound what this process does for one person, so they stand beside it and not among
// the server's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::cli::limits {

inline constexpr int kConnectMs = 10'000;
inline constexpr int kFirstByteMs = 60'000;
inline constexpr int kLongFirstByteMs = 60 * 60'000;       // adding and profiling read whole tables
inline constexpr int kRenditionFirstByteMs = 15 * 60'000;  // the first download of a format waits for its making
inline constexpr int kStallMs = 30'000;
inline constexpr int kEventsStallMs = 45'000;  // the server sends at least a comment each 15 s
inline constexpr int kTickMs = 100;
inline constexpr std::size_t kBodyBytes = 256U << 20;  // an answer kept in memory
inline constexpr std::size_t kHeaderBytes = 64U << 10;
inline constexpr std::size_t kEventBytes = 1U << 20;

inline constexpr int kPage = 1'000;  // of a list, asked for at once

inline constexpr int kRequestAttempts = 10;
inline constexpr int kWholeAttempts = 3;
inline constexpr int kBackoffBaseMs = 200;
inline constexpr int kBackoffMostMs = 20'000;
inline constexpr int kRetryAfterMostMs = 120'000;
inline constexpr int kFreshLinks = 3;  // in a row, without a byte between them
inline constexpr int kLocalServerWaitMs = 10'000;
inline constexpr std::int64_t kItemsPerPage = 1'000;

inline constexpr std::int64_t kBarIntervalMicros = 100'000;  // redrawn at most 10 times a second
inline constexpr std::int64_t kLineIntervalMicros = 1'000'000;

inline constexpr std::size_t kTokenBytes = 16U << 10;
inline constexpr std::size_t kConfigFileBytes = 1U << 20;
inline constexpr std::size_t kDescriptionFileBytes = 64U << 10;

// Files: uploads, downloads, trees
inline constexpr std::uint64_t kExpectBytes = 1U << 20;  // above that the server is asked before the body is sent
inline constexpr long kContinueMs = 2'000;               // then the body goes, whether it said so or not
inline constexpr long kUploadBufferBytes = 256L << 10;
inline constexpr int kUploadStallMs = 120'000;      // until the server takes more
inline constexpr int kStoredMs = 15 * 60'000;       // until it says that all it took is on its disk
inline constexpr std::size_t kReadBytes = 1 << 20;  // of a file that is hashed, at once
inline constexpr int kTransfers = 4;
inline constexpr int kTransfersMost = 32;
inline constexpr std::size_t kTreeEntries = 5'000'000;  // of one command
inline constexpr std::size_t kTreeDepth = 512;          // parts of 1 byte in a path of 1,024
inline constexpr std::size_t kPathBytes = 1'024;
inline constexpr std::size_t kNameBytes = 255;

// Files of catalogue items
inline constexpr std::size_t kItemFileBytes = 32U << 20;
inline constexpr std::size_t kItemFileNodes = 1'000'000;  // values of one file, each alias counted in full
inline constexpr std::size_t kItemFileDepth = 32;         // as deep as the server's JSON may be

// Signing in
inline constexpr std::int64_t kDeviceIntervalMs = 5'000;  // between two polls, where the server does not say (RFC 8628)
inline constexpr std::int64_t kDeviceIntervalLeastMs = 100;
inline constexpr std::int64_t kDeviceIntervalMostMs = 60'000;
inline constexpr std::int64_t kDeviceExpiryMostMs = 60 * 60'000;
inline constexpr std::size_t kCredentialsFileBytes = 1U << 20;

// Receipts
inline constexpr std::size_t kReceiptBytes = 4U << 20;
inline constexpr std::size_t kReceiptReadBytes = 1U << 20;  // of the data that are checked, at a time

}  // namespace lakelift::cli::limits
