// Download sessions, in the database: several servers, or one after a restart, may send parts of the same download.
//
// An answer belongs to the session of its person, file (or request) and object whose first byte went in the same
// five-minute slot as its own first byte; else to one that is not complete and had an answer within
// limits::kSessionIdleSeconds; else it begins one. So a download that is resumed goes on, and the same file taken again
// later counts again.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "backends/metadata/database.h"
#include "base/clock.h"
#include "domain/transfers/span_set.h"

namespace lakelift::transfers::store {

// Who takes what. The file alone is not enough: its content may be replaced while it is taken. Nor the object: copies
// of a file share it, and so does a file that was kept from a slice.
struct Taking {
  std::int64_t person_id = 0;
  std::string subject_kind;  // of the ledger: "file", "download_request"
  std::string subject_id;
  std::string object;
  auto operator<=>(const Taking&) const = default;
};

struct Session {
  std::string id;  // UUIDv7
  Taking of;
  std::int64_t slot = 0;  // of its first byte: seconds since 1970 / limits::kSessionSlotSeconds
  SpanSet spans = {};
  std::int64_t sent_bytes = 0;  // in all its answers; what went twice counts twice
  bool is_complete = false;
  Micros last_at = 0;
};

[[nodiscard]] std::int64_t slot_of(Micros at);
// Whether an answer whose first byte went at `began` may go on with it, though that was in another slot.
[[nodiscard]] bool goes_on(const Session& session, Micros began);

// The session that an answer belongs to whose first byte went at `began`.
[[nodiscard]] Result<std::optional<Session>> find_session(metadata::Session& session, const Taking& of, Micros began);
// New, or as it is now. Error: kConflict where another server has begun one of this taking and slot since this one was
// looked for; in a new transaction it will be found.
[[nodiscard]] Result<void> keep_session(metadata::Transaction& transaction, const Session& one);
// Before it is kept with an earlier slot than it has in the database: an answer of before has ended only now.
[[nodiscard]] Result<void> leave_slot(metadata::Transaction& transaction, const Session& one, std::int64_t slot);
// Of sessions that had no answer since. How many.
[[nodiscard]] Result<std::int64_t> forget_sessions(metadata::Transaction& transaction, Micros before);

// False: this recorder has made its commit of this number before, so it is not to be made again. Numbers rise.
[[nodiscard]] Result<bool> begin_commit(metadata::Transaction& transaction, const std::string& recorder,
                                        std::int64_t number, Micros now);
// Of recorders that made none since.
[[nodiscard]] Result<void> forget_recorders(metadata::Transaction& transaction, Micros before);

}  // namespace lakelift::transfers::store
