// Every limit, by name, with its unit last. A limit that an operator may set is a default here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

// JSON
inline constexpr std::size_t kJsonDepth = 32;

// HTTP
inline constexpr std::size_t kHeaderBytes = 16 * 1024;
inline constexpr std::size_t kTargetBytes = 8 * 1024;
inline constexpr std::size_t kHeaderCount = 100;
inline constexpr std::size_t kQueryPairs = 256;
inline constexpr std::size_t kJsonBodyBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kBodyBytesInMemory = 256 * 1024 * 1024;  // of all requests at once; more: 503
inline constexpr std::size_t kRangesPerRequest = 16;
inline constexpr int kHeaderTimeoutMs = 10'000;
inline constexpr int kBodyStallMs = 30'000;  // a body must bring kBodyMinBytesPerStall in this time
inline constexpr std::size_t kBodyMinBytesPerStall = 30 * 1024;
inline constexpr int kWriteStallMs = 60'000;
inline constexpr int kIdleTimeoutMs = 75'000;  // keep-alive without a request
inline constexpr int kDrainMs = 20'000;        // after SIGTERM
inline constexpr int kLingerMs = 2'000;        // a closed connection reads on so long, so that its answer arrives
inline constexpr std::size_t kLingerBytes = 16 * 1024 * 1024;
inline constexpr int kEventCommentMs = 15'000;  // a comment in an event stream, so that proxies keep it
inline constexpr int kAcceptBackoffMs = 100;    // without file descriptors
inline constexpr std::size_t kConnections = 8'192;
inline constexpr std::size_t kConnectionsPerAddress = 4'096;
inline constexpr std::size_t kEdgeThreads = 2;
inline constexpr std::size_t kWorkerThreads = 8;
inline constexpr std::size_t kWorkerQueue = 4'096;  // requests that wait for a worker thread; more: 503
inline constexpr std::size_t kStreamBufferBytes = 256 * 1024;
inline constexpr int kUriWaitMs = 15 * 60'000;
inline constexpr std::size_t kFeedSubscribers = 20'000;
inline constexpr int kFeedPollMs = 1'000;

// Catalogue
inline constexpr std::size_t kItemNameChars = 256;
inline constexpr std::size_t kDescriptionBytes = 64 * 1024;
inline constexpr std::size_t kColumns = 10'000;
inline constexpr std::size_t kSampleRows = 10;
inline constexpr std::size_t kSampleCellBytes = 1'024;
inline constexpr std::size_t kDistributionValues = 20;
inline constexpr std::size_t kSourceFiles = 100'000;
inline constexpr std::size_t kSourcePaths = 256;  // each holds a folder open while a job runs
inline constexpr std::size_t kSearchQueryBytes = 4 * 1024;
inline constexpr std::size_t kSearchWords = 32;              // of one full text search
inline constexpr std::size_t kSearchWordBytes = 64;          // longer words count as their beginning
inline constexpr std::size_t kSearchWordsPerItem = 20'000;   // what stands after them is not found
inline constexpr std::size_t kSearchReadItems = 1'000;       // documents read at once from the database
inline constexpr std::int64_t kItemsPerPage = 1'000;         // the most that a caller may ask for at once
inline constexpr std::size_t kFacetValues = 30;
inline constexpr std::int64_t kFacetBudgetMs = 50;  // of one search; facets that take longer are left out by name

// Slices
inline constexpr std::size_t kFilters = 256;
inline constexpr std::size_t kFilterTextBytes = 64 * 1024;
inline constexpr std::size_t kRunningRuns = 2;  // runs at once in one server
inline constexpr int kRunLeaseMs = 15'000;
inline constexpr int kRunHeartbeatMs = 5'000;
inline constexpr int kRunAttempts = 3;
inline constexpr int kRunTakeovers = 100;        // leases of one run that ended in a crash; more: FAILED
inline constexpr int kRunPollMs = 1'000;         // how often an idle runner looks for runs of other servers
inline constexpr int kRunBackoffMs = 1'000;      // before the second attempt; doubles, with jitter
inline constexpr int kProgressIntervalMs = 200;  // between two tidings of one run's progress
inline constexpr int kListedRequests = 10'000;   // newest of an account
inline constexpr std::int64_t kDownloadUriSeconds = 3'600;
inline constexpr std::int64_t kLinkMaxSeconds = 7 * 86'400;

// Accounts
inline constexpr std::int64_t kTokenSeconds = 30 * 86'400;
inline constexpr std::size_t kTokenBytes = 8 * 1024;
inline constexpr std::int64_t kTokenSkewSeconds = 60;      // how far another clock may be ahead
inline constexpr std::int64_t kTokenSkewMaxSeconds = 300;  // the most an operator may set
inline constexpr std::size_t kEmailBytes = 254;
inline constexpr std::size_t kUsernameChars = 32;

// Metadata
inline constexpr std::size_t kDatabaseReaders = 4;       // connections that read beside the one that writes
inline constexpr int kDatabaseWaitMs = 10'000;           // for a connection; longer: kUnavailable
inline constexpr std::size_t kPreparedStatements = 256;  // kept by a connection
inline constexpr int kWalCheckpointPages = 1'000;        // 4 KiB each
inline constexpr int kWalTruncatePages = 16'000;

// Worker programs (lakelift-columnar)
inline constexpr std::size_t kSpareWorkers = 2;
inline constexpr std::size_t kWorkers = 4;  // at once; more jobs wait
inline constexpr std::size_t kWorkerQueuedJobs = 256;
inline constexpr std::uint64_t kWorkerMemoryBytes = 2ULL << 30;
inline constexpr std::uint64_t kWorkerOutputBytes = 64ULL << 30;
inline constexpr std::uint64_t kWorkerOpenFiles = 64;
inline constexpr int kWorkerCpuSeconds = 3'600;
inline constexpr std::size_t kJobFrameBytes = 32 * 1024 * 1024;
inline constexpr std::size_t kNullTokens = 64;  // of one CSV conversion

}  // namespace lakelift::limits
