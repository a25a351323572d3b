// Every limit, by name, with its unit last. A limit that an operator may set is a default here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

// JSON
inline constexpr std::size_t kJsonDepth = 32;

// Rates
inline constexpr std::size_t kRateLimiterKeys = 10'000;  // callers that one limiter remembers

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
inline constexpr int kEventStreamMs = 300'000;  // then it ends, and who comes back is asked for the right again
inline constexpr int kEventCommentMs = 15'000;  // a comment in an event stream, so that proxies keep it
inline constexpr int kAcceptBackoffMs = 100;    // without file descriptors
inline constexpr std::size_t kConnections = 8'192;
inline constexpr std::size_t kConnectionsPerAddress = 4'096;
inline constexpr std::size_t kEdgeThreads = 2;
inline constexpr std::size_t kWorkerThreads = 8;
inline constexpr std::size_t kWorkerQueue = 4'096;  // requests that wait for a worker thread; more: 503
inline constexpr std::size_t kStreamBufferBytes = 256 * 1024;
inline constexpr std::size_t kBodyPieceBytes = 256 * 1024;  // of a streamed body: a connection holds two at most
inline constexpr std::size_t kBodyWriterThreads = 4;        // that put streamed bodies where they go
inline constexpr std::size_t kMultipartParts = 64;
inline constexpr std::size_t kMultipartHeaderBytes = 8 * 1024;  // of one part
inline constexpr std::size_t kMultipartFieldBytes = 64 * 1024;  // of all parts that are no file
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
inline constexpr std::int64_t kProfileRows =
    200'000'000;                                 // of a larger table a random part of the row groups is profiled
inline constexpr int kSourceCheckSeconds = 300;  // between two looks whether an item's data have changed
inline constexpr std::int64_t kRefreshClaimSeconds = 7'200;    // longer than a worker's CPU time
inline constexpr std::int64_t kRefreshBackoffSeconds = 3'600;  // the longest pause after failures
inline constexpr int kRefreshPollMs = 5'000;
inline constexpr std::size_t kSourceFiles = 100'000;
inline constexpr std::size_t kSourcePaths = 256;  // each holds a folder open while a job runs
inline constexpr std::size_t kSearchQueryBytes = 4 * 1024;
inline constexpr std::size_t kSearchWords = 32;             // of one full text search
inline constexpr std::size_t kSearchWordBytes = 64;         // longer words count as their beginning
inline constexpr std::size_t kSearchWordsPerItem = 20'000;  // what stands after them is not found
inline constexpr std::size_t kSearchReadItems = 1'000;      // documents read at once from the database
inline constexpr std::int64_t kItemsPerPage = 1'000;        // the most that a caller may ask for at once
inline constexpr std::size_t kFacetValues = 30;
inline constexpr std::int64_t kFacetBudgetMs = 50;  // of one search; facets that take longer are left out by name
inline constexpr std::size_t kTags = 32;            // of one item
inline constexpr std::size_t kTagChars = 64;
inline constexpr std::size_t kReaders = 1'000;  // accounts and groups that one item names; more: make a group
inline constexpr std::int64_t kFollowedItems = 1'000;
inline constexpr std::int64_t kOpenAccessRequests = 100;  // of one account
inline constexpr std::size_t kAccessNoteBytes = 4 * 1024;
inline constexpr std::size_t kHistoryTextChars = 200;  // of a text in an item's history; longer ones are cut
inline constexpr std::size_t kHistoryColumns = 100;    // of one change that are told by name

// Notices
inline constexpr std::int64_t kNoticesKept = 1'000;    // newest of an account
inline constexpr std::int64_t kNoticesTrimEvery = 64;  // notices between two looks for old ones
inline constexpr std::int64_t kNoticeMergeSeconds = 60;
inline constexpr int kNoticesLookedAt = 20;  // newest unread ones that a new one may be joined with

// Lists of entries, newest first (histories, notices, access requests)
inline constexpr int kPageEntries = 100;
inline constexpr int kPageEntriesMost = 1'000;

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

// Files
inline constexpr std::size_t kFileNameBytes = 255;    // one part of a path
inline constexpr std::size_t kFilePathBytes = 1'024;  // a whole path
inline constexpr std::uint64_t kFileBytes = 1ULL << 40;
inline constexpr std::int64_t kFilesPerPage = 1'000;      // the most that a caller may ask for at once
inline constexpr std::int64_t kFilesPerChange = 100'000;  // that one deletion, move or copy of a folder may touch
inline constexpr std::int64_t kFileGrants = 200'000;      // on one file or folder; more: make a group
inline constexpr std::int64_t kQuotaBytes = 100LL << 30;  // of an account, unless an administrator says otherwise
inline constexpr std::int64_t kQuotaFiles = 1'000'000;
inline constexpr std::int64_t kTrashDays = 30;
inline constexpr std::int64_t kTrashMostDays = 3'650;
inline constexpr std::int64_t kFilesPerPurge = 500;  // rows that one transaction of the cleaning takes
inline constexpr int kFilesTickMs = 60'000;          // between two looks for what has left the trash
inline constexpr std::size_t kFileTableNameChars = 128;

// Objects (content in the storage)
inline constexpr std::int64_t kOrphanGraceSeconds = 86'400;  // on a database that other servers share
inline constexpr int kCollectorTickMs = 1'000;
inline constexpr int kCollectorBatch = 256;               // objects of one transaction
inline constexpr std::int64_t kSweepSeconds = 6 * 3'600;  // between two looks for orphans
inline constexpr std::int64_t kScrubBytesPerSecond = 8LL << 20;
inline constexpr std::int64_t kScrubPauseSeconds = 86'400;  // from the end of one scrub in the background to the next
inline constexpr std::size_t kScrubFindings = 1'000;        // that a report tells one by one

// Accounts
inline constexpr std::int64_t kTokenSeconds = 30 * 86'400;
inline constexpr std::size_t kTokenBytes = 8 * 1024;
inline constexpr std::int64_t kTokenSkewSeconds = 60;      // how far another clock may be ahead
inline constexpr std::int64_t kTokenSkewMaxSeconds = 300;  // the most an operator may set
inline constexpr std::size_t kEmailBytes = 254;
inline constexpr std::size_t kUsernameChars = 32;
inline constexpr std::size_t kGroupNameChars = 64;
inline constexpr int kListedAccounts = 1'000;  // in one page; of groups, members and tokens the same
inline constexpr std::size_t kAccountSearchBytes = 254;
inline constexpr std::size_t kApiTokenNameChars = 64;
inline constexpr int kApiTokensPerAccount = 100;
inline constexpr std::int64_t kApiTokenSeconds = 90 * 86'400;      // unless the caller says otherwise
inline constexpr std::int64_t kApiTokenMaxSeconds = 365 * 86'400;  // only an administrator's may live for ever
inline constexpr std::int64_t kApiTokenUseSeconds = 60;            // between two marks of a token's last use
inline constexpr int kApiTokenGuesses = 60;                        // wrong API tokens of one address at once, and then
inline constexpr std::int64_t kApiTokenGuessSeconds = 1;           // one in this time
inline constexpr int kKeysPerPurpose = 16;
inline constexpr int kKeyTickMs = 10'000;             // how soon other servers' changes of keys are noticed
inline constexpr int kKeyReloadMs = 1'000;            // at most so often for a key id that nobody knows
inline constexpr std::int64_t kKeyGraceSeconds = 60;  // until every server signs with the new key
inline constexpr int kAuditEntries = 1'000;           // in one page

// Signing in
inline constexpr std::size_t kIdTokenBytes = 16 * 1024;
inline constexpr std::int64_t kAuthRequestSeconds = 600;         // to sign in; of a device's request too
inline constexpr std::int64_t kAuthRequestKeptSeconds = 86'400;  // then it is told as expired, not as unknown
inline constexpr std::int64_t kAuthRequests = 100'000;           // at once; more: 503
inline constexpr std::int64_t kFlowSeconds = 600;                // that a browser may be away at an issuer
inline constexpr std::int64_t kFlows = 100'000;                  // at once; more: 503
inline constexpr std::int64_t kDevicePollSeconds = 5;            // and 5 more whenever a device asks too soon
inline constexpr std::int64_t kDevicePollMostSeconds = 300;
inline constexpr std::size_t kProgramNameChars = 64;  // what a program calls itself, as a page shows it
inline constexpr std::int64_t kBrowserCookieSeconds = 3'600;
inline constexpr std::size_t kReturnToBytes = 1'024;
inline constexpr std::int64_t kSignInsPerMinute = 600;         // from an address, of an account; an operator may set it
inline constexpr std::int64_t kUserCodeGuessesPerMinute = 20;  // from an address
inline constexpr std::size_t kIssuers = 16;
inline constexpr std::size_t kIssuerKeys = 64;  // of one issuer
inline constexpr std::size_t kIssuerKeyIdBytes = 256;
inline constexpr std::int64_t kIssuerRefetchSeconds = 60;        // least time between two fetches of one document
inline constexpr std::int64_t kIssuerRetrySeconds = 5;           // after a fetch that failed
inline constexpr std::int64_t kIssuerMaxAgeSeconds = 86'400;     // the most that a Cache-Control is believed
inline constexpr std::int64_t kIssuerDefaultAgeSeconds = 3'600;  // where there is none
inline constexpr std::int64_t kIssuerGraceSeconds = 86'400;      // last good ones are used so long beyond their age
inline constexpr std::size_t kIssuerWaiters = 4;                 // for a fetch that somebody else makes; more: 503
inline constexpr std::size_t kIssuerCalls = 4;                   // code exchanges at once; more: 503

// Calls of others (backends/net)
inline constexpr int kOutboundTimeoutMs = 5'000;
inline constexpr std::size_t kOutboundAnswerBytes = 256 * 1024;

// Metadata
inline constexpr std::size_t kDatabaseReaders = 4;       // connections that read beside the one that writes
inline constexpr int kDatabaseWaitMs = 10'000;           // for a connection or a lock; longer: kUnavailable
inline constexpr int kDatabaseStatementMs = 60'000;      // one statement on PostgreSQL
inline constexpr int kDatabaseIdleMs = 60'000;           // a transaction on PostgreSQL of which nothing is heard
inline constexpr int kDatabaseConnectSeconds = 5;        // to PostgreSQL, each of its addresses
inline constexpr int kDatabasePeerMs = 30'000;           // without a word from PostgreSQL's machine
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
inline constexpr std::size_t kJobFrameBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kNullTokens = 64;  // of one CSV conversion

}  // namespace lakelift::limits
