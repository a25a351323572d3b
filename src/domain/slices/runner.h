// Takes runs from the database and carries them out, on threads of its own: lease → executor → object → one
// transaction.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "domain/slices/chunk_store.h"
#include "domain/slices/holdings.h"
#include "domain/slices/run_plan.h"
#include "domain/slices/run_store.h"
#include "domain/slices/slice_service.h"

namespace lakelift::slices {

// Threadsafe.
class Runner {
 public:
  // `changed` is called after each change of a request, from any thread, without a lock held.
  Runner(const SliceServiceParts& parts, std::function<void(std::int64_t request_id)> changed);
  ~Runner();  // stop()

  // Where this process is the only one of the database, runs that a dead one held are taken up at once.
  void start();
  // Interrupts what runs and gives it back to the queue; joins. Jobs of outside engines go on: whoever takes the run up
  // finds them by their token.
  void stop();
  // There may be something to do.
  void wake();
  // The run was cancelled: its executor is stopped. Fine for a run that is not ours.
  void interrupt(const std::string& run_id);
  // Newer than what the database has, for a run of this process.
  [[nodiscard]] std::optional<executors::RunProgress> progress_of(std::int64_t request_id) const;
  // Renews the leases of what runs here, stops what was lost and what goes beyond its limits. Called by a thread every
  // limits::kRunHeartbeatMs.
  void heartbeat();

 private:
  struct Active {
    store::Lease lease;
    std::stop_source stop;
    std::atomic<bool> ends_job = false;  // once stopped: whether the engine's job is ended with it
    // What the executor was told when it asked, and whether it then did so: whoever settles can't go by `ends_job`,
    // which may have changed since.
    std::optional<bool> left_job;
    bool has_ended_job = false;
    executors::RunProgress progress;
    Micros told_at = 0;           // monotonic; when the progress was last passed on
    std::optional<Error> beyond;  // which limit it went beyond, and was stopped for
  };
  // How a run was answered.
  struct Executed {
    executors::RunReport report;
    std::optional<std::int64_t> derived_from = std::nullopt;  // the request whose slice it was taken from
    json::object answered_from;                               // {"kind": "run" | "derived" | "assembled", …}
    std::vector<std::int64_t> pieces;                         // that it was put together from
    Weight plain;                                             // what a run of its own would have been, estimated
    bool is_recorded = false;                                 // what it cost stands in the ledger already
  };
  // What a run has brought.
  struct Output {
    const storage::ObjectInfo& object;
    const objects::PendingObject& pending;
    const Executed& executed;
  };
  // What the engine is asked for.
  struct EngineQuestion {
    table::SliceSpec spec;
    std::optional<table::Region> within;
    bool with_row_keys = false;
  };
  using ActivePtr = std::shared_ptr<Active>;

  void work(std::stop_token stop);
  void beat(std::stop_token stop);
  [[nodiscard]] std::optional<store::Lease> take_one(std::stop_token stop);
  void carry_out(store::Lease lease, std::stop_token server_stop);
  [[nodiscard]] Result<void> run_to_end(Active& active);
  [[nodiscard]] Result<Executed> answer(Active& active, const store::Work& work, int output);
  [[nodiscard]] Result<Executed> run_slice(Active& active, const store::Work& work,
                                           const catalogue::CatalogueItem& item, int output);
  // From one result that is held, or from pieces.
  [[nodiscard]] Result<Executed> derive(Active& active, const store::Work& work, const HeldThings& held,
                                        const Plan& plan, int output);
  [[nodiscard]] Result<Executed> assemble(Active& active, const store::Work& work, const HeldThings& held,
                                          const Plan& plan, int output);
  // The run's plan is stored before the engine is asked. Error: RUN_WAITS where another run brings the same.
  [[nodiscard]] Result<void> claim(Active& active, const RunPlan& plan);
  // Runs what is missing, and keeps it as a piece; false: it does not fit the cut any more.
  [[nodiscard]] Result<bool> bring(Active& active, const store::Work& work, const catalogue::CatalogueItem& item,
                                   const RunPlan& plan);
  // An engine takes orders up to a length, and a part of many boxes is a long one: it has refused this one at once, or
  // when it made its plan, before it read anything.
  [[nodiscard]] bool is_too_long(const Active& active, const Error& error) const;
  // Gives up the plan to bring some; false, as bring() where they don't fit.
  [[nodiscard]] Result<bool> do_without_chunks(Active& active, const Error& why);
  [[nodiscard]] Result<bool> keep_brought(Active& active, const store::NewPiece& piece,
                                          const objects::PendingObject& pending);
  [[nodiscard]] Result<executors::RunReport> execute(Active& active, const catalogue::CatalogueItem& item,
                                                     const EngineQuestion& question, int output);
  // The object under the pending key becomes the run's result.
  [[nodiscard]] Result<void> publish(Active& active, const store::Work& work, const Output& output);
  // What was not scanned, and not paid, because something was held.
  [[nodiscard]] Result<void> record_saving(metadata::Transaction& tx, const store::Lease& lease,
                                           const store::Work& work, const Executed& executed);
  void settle(Active& active, const Error& error, bool server_stops);
  void settle_waiting(Active& active);
  void settle_stopped(Active& active, bool server_stops);
  void settle_failed(Active& active, const Error& error);
  // Tells what an attempt that came to nothing has cost.
  [[nodiscard]] Result<void> tell_broken_off(metadata::Transaction& tx, const store::Lease& lease, std::string kind,
                                             const Cost& paid, json::object detail);
  [[nodiscard]] executors::RunProgress progress_of(const Active& active) const;
  [[nodiscard]] std::int64_t elapsed_ms(const store::Lease& lease) const;
  // Of an attempt that broke off.
  [[nodiscard]] Cost paid_for(const Active& active) const;
  // Stops what goes beyond the limits of its engine (runner_limits.cc).
  void enforce_limits(Active& active);
  [[nodiscard]] std::optional<Error> beyond_limits(const Active& active) const;
  [[nodiscard]] store::RunsAtOnce runs_at_once() const;
  // Stops it, and the engine's job with it.
  static void end(Active& active);
  // The lease is lost. Where another server has taken the run up, the engine's job is that one's now.
  [[nodiscard]] static Result<void> end_unless_taken_up(metadata::Session& session, Active& active);
  void note_progress(Active& active, const executors::RunProgress& progress);
  void count(std::string_view outcome);
  [[nodiscard]] Micros backoff(int failures) const;

  const SliceServiceParts parts_;
  const std::function<void(std::int64_t)> changed_;
  const std::string owner_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::uint64_t wakes_ = 0;
  std::map<std::string, ActivePtr> active_;  // by run
  std::stop_source stopping_;
  std::vector<std::jthread> threads_;
};

}  // namespace lakelift::slices
