// Limits of what is brought to and from object stores; the others are in limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

// Calls (backends/net/transport.h)
inline constexpr int kTransferIdleMs = 20'000;                  // without a byte in either direction
inline constexpr int kTransferConnectMs = 5'000;                // name, connection, handshake
inline constexpr std::size_t kTransferConnections = 64;         // open at once, of one store; more calls wait
inline constexpr std::size_t kTransferIdleConnections = 16;     // kept for the next call
inline constexpr std::size_t kTransferBufferBytes = 64 * 1024;  // that libcurl holds of a call, each way

// Attempts (backends/storage/cloud/retry.h)
inline constexpr int kAttempts = 5;                // of one call
inline constexpr std::int64_t kRetryMs = 50;       // the longest pause after a first attempt; it doubles
inline constexpr std::int64_t kSlowRetryMs = 500;  // the same where the server asks for less
inline constexpr std::int64_t kMostRetryMs = 5'000;
inline constexpr double kRetryBudget = 60;       // retries of one store that may be made at once
inline constexpr double kRetryBudgetBack = 0.5;  // that a call which goes well gives back

// Objects in a cloud (backends/storage/cloud)
inline constexpr std::uint64_t kWholeObjectBytes = 16 << 20;  // no larger: one call; else in parts
inline constexpr std::uint64_t kPartBytes = 16 << 20;
inline constexpr int kPartsAtOnce = 4;                     // of one object
inline constexpr std::uint64_t kFirstReadBytes = 2 << 20;  // of one ranged call; each that follows on is larger
inline constexpr std::uint64_t kMostReadBytes = 64 << 20;
inline constexpr std::size_t kRemovedAtOnce = 1'000;             // keys of one call
inline constexpr std::int64_t kUnfinishedGraceSeconds = 86'400;  // an upload in parts that another server may be at
inline constexpr int kXmlDepth = 32;
inline constexpr std::size_t kXmlBytes = 8 << 20;  // of an answer: a page of a listing
inline constexpr std::int64_t kCredentialsEarlySeconds =
    300;  // that temporary credentials are renewed before their end

// Moving content, and removing it, in a cloud (domain/objects)
inline constexpr int kMovesAtOnce = 4;
inline constexpr int kMovePauseMs = 1'000;       // between two passes over what is left
inline constexpr int kMostMovePauseMs = 60'000;  // where the last one moved nothing
inline constexpr std::int64_t kMoverLeaseSeconds = 300;
inline constexpr std::int64_t kOpenGraceSeconds = 900;  // that another server may be reading what is to be removed

// Amazon's credentials (backends/net/aws)
inline constexpr int kMetadataIdleMs = 1'000;                     // of an instance's metadata service
inline constexpr int kTokenServiceIdleMs = 5'000;                 // of the token service
inline constexpr int kCredentialsAttempts = 2;                    // of one call to either
inline constexpr std::int64_t kCredentialsAgainSeconds = 5;       // between two renewals, also where one failed
inline constexpr std::size_t kCredentialsFileBytes = 256 * 1024;  // that is read of a file of profiles or a token

// Amazon S3's answers (backends/storage/s3)
inline constexpr std::size_t kErrorAnswerBytes = 64 * 1024;  // that is read of an answer which tells of an error
inline constexpr int kEmptyPages = 100;                      // without an entry, one after another, of one listing
inline constexpr int kUnfinishedPages = 1'000;               // of the uploads in parts that nobody finished

// Signed addresses
inline constexpr int kSignedAddressSeconds = 60;
inline constexpr int kMostSignedAddressSeconds = 3'600;

}  // namespace lakelift::limits
