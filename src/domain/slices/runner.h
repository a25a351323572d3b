// Takes runs from the database and carries them out, on threads of its own: lease → executor → object → one
// transaction.
#pragma once

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
  // Interrupts what runs and gives it back to the queue; joins.
  void stop();
  // There may be something to do.
  void wake();
  // The run was cancelled: its executor is stopped. Fine for a run that is not ours.
  void interrupt(const std::string& run_id);
  // Newer than what the database has, for a run of this process.
  [[nodiscard]] std::optional<executors::RunProgress> progress_of(std::int64_t request_id) const;
  // Renews the leases of what runs here and stops what was lost. Called by a thread every limits::kRunHeartbeatMs.
  void heartbeat();

 private:
  struct Active {
    store::Lease lease;
    std::stop_source stop;
    executors::RunProgress progress;
    Micros told_at = 0;  // monotonic; when the progress was last passed on
  };
  // What a run has brought.
  struct Output {
    const storage::ObjectInfo& object;
    const objects::PendingObject& pending;
    const executors::RunReport& report;
    std::optional<std::int64_t> derived_from;  // the request whose slice it was taken from
  };
  // How a run was answered.
  struct Executed {
    executors::RunReport report;
    std::optional<std::int64_t> derived_from;
  };
  using ActivePtr = std::shared_ptr<Active>;

  void work(std::stop_token stop);
  void beat(std::stop_token stop);
  [[nodiscard]] std::optional<store::Lease> take_one(std::stop_token stop);
  void carry_out(store::Lease lease, std::stop_token server_stop);
  [[nodiscard]] Result<void> run_to_end(Active& active);
  [[nodiscard]] Result<Executed> answer(Active& active, const store::Work& work, int output);
  // From a slice that is held; nothing where none holds all of it.
  [[nodiscard]] Result<std::optional<Executed>> derive_from_held(Active& active, const store::Work& work, int output);
  [[nodiscard]] Result<executors::RunReport> execute(Active& active, const store::Work& work, int output);
  // The object under the pending key becomes the run's result.
  [[nodiscard]] Result<void> publish(Active& active, const store::Work& work, const Output& output);
  void settle(Active& active, const Error& error, bool server_stops);
  void settle_stopped(Active& active, bool server_stops);
  [[nodiscard]] Result<bool> settle_failed(metadata::Transaction& tx, const store::Lease& lease, const Error& error,
                                           bool retry);
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
