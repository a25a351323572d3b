// Runs, their leases, and the results they leave, in the database. Each lease raises the run's fence; whatever a runner
// writes later names its fence and is refused once another runner (or a cancellation) has come between (threats D14).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backends/executors/executor.h"
#include "backends/metadata/database.h"
#include "backends/storage/object_store.h"
#include "domain/objects/object_owner.h"
#include "domain/slices/download_request.h"
#include "domain/slices/planning/price.h"

namespace lakelift::slices::store {

inline constexpr std::string_view kRunGivenUp = "RUN_GIVEN_UP";  // its runners have died too often

struct NewRun {
  std::string id;
  std::int64_t request_id = 0;
  std::string idempotency_token;
  Micros now = 0;
  std::int64_t asked_by = 0;
  executors::ExecutorType engine = executors::ExecutorType::kLocal;
  Cost expected = {};  // counts against budgets until the run has ended
};

// What the request hangs on.
enum class Answer { kHeld, kRunGoesOn, kRunQueued, kWaits };

// The request has a result (one that is held becomes its), or a run that is under way; nothing where it has neither.
[[nodiscard]] Result<std::optional<Answer>> find_answer(metadata::Transaction& tx, const std::string& normal_key,
                                                        const NewRun& run);
// For a request that find_answer has nothing for: kRunQueued, or kRunGoesOn where another one came first.
[[nodiscard]] Result<Answer> queue_run(metadata::Transaction& tx, const NewRun& run);

// The same without changing anything, for a request that may not be there yet.
[[nodiscard]] Result<Answer> answer_now(metadata::Session& session, const std::string& normal_key);

// A run that somebody holds: who may write to it.
struct Lease {
  std::string run_id;
  std::int64_t request_id = 0;
  std::int64_t fence = 0;
  int attempt = 1;
  int failures = 0;
  std::string idempotency_token;
  std::optional<std::string> external_id;
  std::optional<std::int64_t> asked_by;
  executors::ExecutorType engine = executors::ExecutorType::kLocal;
  Micros started_at = 0;  // of its job: a run that is taken over goes on
};

// How many runs an engine may have at once: outside engines of all servers together, LOCAL of each server. Those that
// are left out have no limit.
using RunsAtOnce = std::map<executors::ExecutorType, std::size_t>;

// Who asks for a run to do, and what they may have.
struct Taker {
  std::string owner;
  std::vector<std::string> except;  // that go on in this process: not taken from itself when a heartbeat came late
  RunsAtOnce runs_at_once = {};
};

// Whether some run waits for a runner: a cheap look before a transaction is begun.
[[nodiscard]] Result<bool> any_due(metadata::Session& session, const Taker& taker, Micros now);
// A run whose holder has let the lease expire; else the next one that is due, fairly: of those who have asked for some,
// the account that has the fewest running, then the one whose last turn is the longest ago; of its runs the oldest. An
// engine that has as many as it may is passed over.
[[nodiscard]] Result<std::optional<Lease>> lease(metadata::Transaction& tx, const Taker& taker, Micros now,
                                                 Micros until);
// For the only process of a database, at its start: nobody alive holds these.
[[nodiscard]] Result<std::int64_t> release_all(metadata::Transaction& tx);

// The ids of those that wait or go on.
[[nodiscard]] Result<std::set<std::string>> live_runs(metadata::Session& session);

// What a run is about, while the lease holds; nothing once it does not.
struct Work {
  std::int64_t item_id = 0;
  std::string source_version;
  std::string normal_key;
  table::SliceSpec spec;
  std::int64_t created_by = 0;
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
// For a job that the engine took while its run was cancelled, which found no id to end the job by: it is to be ended
// from now on. Nothing where the run goes on, or was taken up by another.
[[nodiscard]] Result<void> leave_job(metadata::Transaction& tx, const Lease& lease, const std::string& id, Micros now);
// Whether another server (or thread) has leased the run since.
[[nodiscard]] Result<bool> is_taken_up(metadata::Session& session, const Lease& lease);
// Back to the queue as if this attempt had not been. `new_token`: as retry_at's.
[[nodiscard]] Result<bool> release(metadata::Transaction& tx, const Lease& lease,
                                   const std::optional<std::string>& new_token);
// `new_token`: the engine's job has ended, and the next attempt submits another one; nothing: it attaches to the same.
[[nodiscard]] Result<bool> retry_at(metadata::Transaction& tx, const Lease& lease, const Error& error, Micros when,
                                    const std::optional<std::string>& new_token = std::nullopt);
// `paid`: what it scanned and cost nevertheless. `may_job_go_on`: nobody knows that the engine's job has ended.
[[nodiscard]] Result<bool> finish_failed(metadata::Transaction& tx, const Lease& lease, const Error& error, Micros now,
                                         const Cost& paid = {}, bool may_job_go_on = false);

// A job of an outside engine that nobody waits for, and that nobody may have ended: its run was cancelled or failed.
struct LeftJob {
  std::string run_id;
  std::int64_t request_id = 0;
  std::string external_id;
  std::string engine;
  int tries = 0;       // with this one
  Micros left_at = 0;  // when its run ended
};
[[nodiscard]] Result<bool> any_left_job(metadata::Session& session, Micros now);
// Due at `now`; comes again at `again` unless it is forgotten before.
[[nodiscard]] Result<std::optional<LeftJob>> take_left_job(metadata::Transaction& tx, Micros now, Micros again);
// `counts`: whether the last try counts as one.
[[nodiscard]] Result<void> put_off_left_job(metadata::Transaction& tx, const std::string& run_id, Micros until,
                                            bool counts);
[[nodiscard]] Result<void> forget_left_job(metadata::Transaction& tx, const std::string& run_id);
// Its runner has seen to it; nothing where the run was taken over.
[[nodiscard]] Result<void> job_ended(metadata::Transaction& tx, const Lease& lease);

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
