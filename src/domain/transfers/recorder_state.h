// What a recorder's thread, its transfers and those who watch share. Transfers may outlive the recorder.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "domain/transfers/batch.h"
#include "domain/transfers/transfer_recorder.h"

namespace lakelift::transfers {

// A transfer that goes on, as its recorder knows it.
class Live {
 public:
  virtual ~Live() = default;
  [[nodiscard]] virtual const NewTransfer& what() const = 0;
  [[nodiscard]] virtual LiveTransfer look() const = 0;
};

// Threadsafe.
struct TransferRecorder::State {
 public:
  explicit State(const RecorderParts& parts);

  [[nodiscard]] Micros now() const { return parts_.clock.now(); }
  // Of transfers that go on.
  std::uint64_t enter(const Live& live);
  void leave(std::uint64_t number);
  [[nodiscard]] std::size_t in_progress_count() const;
  [[nodiscard]] InProgress in_progress(const std::function<bool(const NewTransfer&)>& is_wanted) const;

  // Commits it some time, or says at once that it is lost.
  void take(EndedTransfer ended);
  // Until `stop`, then until all is committed, or the database was away for too long.
  void run(const std::stop_token& stop);
  // All that has ended by now. How many entries were made.
  [[nodiscard]] Result<std::size_t> commit_all();
  // What ends from now on is lost, and what could not be committed.
  void close();

 private:
  // What is committed together. The number stays with every further attempt.
  struct Batch {
    std::int64_t number = 0;
    std::vector<EndedTransfer> transfers;
    BatchTotals totals = {};  // of the last attempt
  };

  [[nodiscard]] bool fetch_batch();
  [[nodiscard]] Result<void> commit(Batch& batch);
  void settle(Batch& batch);
  void split_or_drop(const Error& error);
  void let_go();
  void note_lost(std::size_t count, const std::string& why);
  void forget_old();

  const RecorderParts parts_;
  const std::string id_;  // of this recorder

  mutable std::mutex mutex_;
  std::condition_variable_any ended_;
  std::deque<EndedTransfer> queue_;
  std::size_t kept_ = 0;  // not yet committed, in the queue and in batches
  bool is_closed_ = false;
  bool is_away_ = false;  // the last commit failed
  std::uint64_t last_entered_ = 0;
  std::map<std::uint64_t, const Live*> live_;

  std::mutex commit_mutex_;  // the following: of whoever commits
  std::deque<Batch> batches_;
  std::int64_t last_batch_ = 0;
  Micros forgot_at_ = 0;
};

}  // namespace lakelift::transfers
