// Runs, their leases, and the results they leave, in the database. Each lease raises the run's fence; whatever a runner
// writes later names its fence and is refused once another runner (or a cancellation) has come between (threats D14).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "backends/metadata/database.h"
#include "backends/storage/object_store.h"
#include "domain/objects/object_owner.h"
#include "domain/slices/download_request.h"

namespace lakelift::slices::store {

struct NewRun {
  std::string id;
  std::int64_t request_id = 0;
  std::string idempotency_token;
  Micros now = 0;
};

// What the request hangs on after ensure_answer.
enum class Answer { kHeld, kRunGoesOn, kRunQueued };

// Sees to it that the request has, or will get, a result: the one that is held, the run under way, or a new run.
[[nodiscard]] Result<Answer> ensure_answer(metadata::Transaction& tx, const std::string& normal_key, const NewRun& run);

// A run that somebody holds: who may write to it.
struct Lease {
  std::string run_id;
  std::int64_t request_id = 0;
  std::int64_t fence = 0;
  int attempt = 1;
  int failures = 0;
  std::string idempotency_token;
  std::optional<std::string> external_id;
};

// Whether some run waits for a runner: a cheap look before a transaction is begun.
// `except`: runs that go on in this process, which must not take them from itself when a heartbeat came late.
[[nodiscard]] Result<bool> any_due(metadata::Session& session, Micros now, const std::vector<std::string>& except);
// The oldest run that is due, or whose holder has let the lease expire.
[[nodiscard]] Result<std::optional<Lease>> lease(metadata::Transaction& tx, const std::string& owner, Micros now,
                                                 Micros until, const std::vector<std::string>& except);
// For the only process of a database, at its start: nobody alive holds these.
[[nodiscard]] Result<std::int64_t> release_all(metadata::Transaction& tx);

// What a run is about, while the lease holds; nothing once it does not.
struct Work {
  std::int64_t item_id = 0;
  std::string source_version;
  std::string normal_key;
  table::SliceSpec spec;
};
[[nodiscard]] Result<std::optional<Work>> work_of(metadata::Session& session, const Lease& lease);

// A result that is held, and what was asked for when it was made.
struct HeldSlice {
  std::int64_t request_id = 0;  // one of those that have it
  objects::Reference object;
  table::SliceSpec spec;
};
inline constexpr int kHeldSlicesLooked = 500;
// Of this version of the item's data, the smallest first, at most kHeldSlicesLooked.
[[nodiscard]] Result<std::vector<HeldSlice>> held_slices(metadata::Session& session, std::int64_t item_id,
                                                         const std::string& source_version);

// False: the lease is lost.
[[nodiscard]] Result<bool> renew(metadata::Transaction& tx, const Lease& lease, Micros until,
                                 const executors::RunProgress& progress);
[[nodiscard]] Result<bool> set_external_id(metadata::Transaction& tx, const Lease& lease, const std::string& id);
// Back to the queue as if this attempt had not been. The engine's job was cancelled, so the next one is a new one.
[[nodiscard]] Result<bool> release(metadata::Transaction& tx, const Lease& lease, const std::string& new_token);
[[nodiscard]] Result<bool> retry_at(metadata::Transaction& tx, const Lease& lease, const Error& error, Micros when);
[[nodiscard]] Result<bool> finish_failed(metadata::Transaction& tx, const Lease& lease, const Error& error, Micros now);

struct Finished {
  bool lost = false;         // nothing was written
  bool superfluous = false;  // another run has left the same result before: our object is not needed
};
[[nodiscard]] Result<Finished> finish_done(metadata::Transaction& tx, const Lease& lease, const Work& work,
                                           const storage::ObjectInfo& object, const executors::RunReport& report,
                                           const executors::RunProgress& progress, Micros now);
// Whether a result points to the object: asked when a commit's outcome is not known.
[[nodiscard]] Result<bool> is_result(metadata::Session& session, const std::string& object_key);

}  // namespace lakelift::slices::store
