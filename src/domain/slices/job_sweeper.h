// Ends jobs of outside engines that nobody waits for any more, where the server that had begun them has died: a job
// that goes on costs money. Any server does it, each job once; where only one server can, the others leave it to that.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "domain/slices/run_store.h"
#include "domain/slices/slice_service.h"

namespace lakelift::slices {

inline constexpr int kSweepTickMs = 5'000;     // about: servers that tick together would look in the same order
inline constexpr int kSweepTries = 12;         // then it is told in the ledger and left alone
inline constexpr int kSweepBackoffMs = 5'000;  // after the first failure; doubles
inline constexpr int kSweepMostDoublings = 8;  // about 21 minutes
inline constexpr int kSweptJobsAtOnce = 100;   // of one look
// How long the server that alone can end a job is waited for.
inline constexpr std::int64_t kSweepElsewhereSeconds = 7 * 86'400;

// Threadsafe.
class JobSweeper {
 public:
  explicit JobSweeper(const SliceServiceParts& parts) : parts_(parts) {}
  ~JobSweeper() { stop(); }

  void start();
  void stop();
  // One look: how many jobs were ended.
  int sweep();

 private:
  void work(std::stop_token stop);
  [[nodiscard]] Result<bool> sweep_one(bool& took);
  [[nodiscard]] Result<void> end_job(const store::LeftJob& job);
  [[nodiscard]] Result<void> put_off(const store::LeftJob& job, const Error& error);
  [[nodiscard]] Result<void> give_up(const store::LeftJob& job, const Error& error);

  const SliceServiceParts parts_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::optional<std::jthread> thread_;
};

}  // namespace lakelift::slices
