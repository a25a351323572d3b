#include "domain/transfers/recorder_state.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/id.h"
#include "base/log.h"
#include "domain/transfers/session_store.h"
#include "domain/transfers/transfer_limits.h"

namespace lakelift::transfers {
namespace {

constexpr auto kRetry = std::chrono::milliseconds(limits::kTransferRetryMs);
constexpr auto kMostRetry = std::chrono::milliseconds(limits::kTransferMostRetryMs);
constexpr int kAttemptsAfterStop = 10;

// Where the same attempt may go well later.
bool may_pass(const Error& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kNoSpace:
    case Code::kConflict:
    case Code::kTooMany:
    case Code::kDeadline:
    case Code::kCancelled:
      return true;
    default:
      return false;
  }
}

}  // namespace

TransferRecorder::State::State(const RecorderParts& parts) : parts_(parts), id_(uuid_v4(parts.random)) {}

std::uint64_t TransferRecorder::State::enter(const Live& live) {
  const std::lock_guard lock(mutex_);
  live_.emplace_hint(live_.end(), ++last_entered_, &live);
  return last_entered_;
}

void TransferRecorder::State::leave(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  live_.erase(number);
}

std::size_t TransferRecorder::State::in_progress_count() const {
  const std::lock_guard lock(mutex_);
  return live_.size();
}

InProgress TransferRecorder::State::in_progress(const std::function<bool(const NewTransfer&)>& is_wanted) const {
  const std::lock_guard lock(mutex_);
  InProgress out;
  for (const auto& [number, live] : live_) {
    if (!is_wanted(live->what())) continue;
    if (++out.total <= limits::kTransfersShown) out.oldest.push_back(live->look());
  }
  return out;
}

void TransferRecorder::State::take(EndedTransfer ended) {
  bool is_full = false;
  {
    const std::lock_guard lock(mutex_);
    is_full = kept_ >= limits::kTransfersQueued;
    if (!is_full && !is_closed_) {
      // Nobody waits for a database that is away.
      auto committed = is_away_ ? std::exchange(ended.committed, nullptr) : nullptr;
      ++kept_;
      queue_.push_back(std::move(ended));
      ended_.notify_one();
      if (committed) committed();
      return;
    }
  }
  note_lost(1, is_full ? "the database has been away for too long" : "the server has stopped counting");
  if (ended.committed) ended.committed();
}

void TransferRecorder::State::note_lost(std::size_t count, const std::string& why) {
  log_error("transfers are not counted", {{"count", count}, {"why", why}});
  parts_.metrics.add("lakelift_transfers_lost_total", "Answers that were sent and could not be counted", {},
                     static_cast<double>(count));
}

void TransferRecorder::State::run(const std::stop_token& stop) {
  int attempts_left = kAttemptsAfterStop;
  auto pause = kRetry;
  while (true) {
    const auto done = commit_all();
    if (!done) log_warning("what was sent could not be counted yet", {{"error", describe(done.error())}});
    // On a full disk others need what room there is: whoever deletes makes more.
    pause = !done && done.error().code == Code::kNoSpace ? std::min(2 * pause, kMostRetry) : kRetry;
    std::unique_lock lock(mutex_);
    if (stop.stop_requested()) {
      if (kept_ == 0 || attempts_left-- == 0) return;
      if (!done) ended_.wait_for(lock, kRetry, [] { return false; });
    } else if (!done) {
      ended_.wait_for(lock, stop, pause, [] { return false; });
    } else {
      ended_.wait(lock, stop, [this] { return kept_ > 0; });
    }
  }
}

Result<std::size_t> TransferRecorder::State::commit_all() {
  const std::lock_guard committing(commit_mutex_);
  std::size_t entries = 0;
  while (fetch_batch()) {
    Batch& batch = batches_.front();
    const Micros since = parts_.clock.monotonic();
    const auto committed = commit(batch);
    if (!committed && may_pass(committed.error())) {
      let_go();
      return std::unexpected(committed.error());
    }
    if (!committed) {
      split_or_drop(committed.error());
      continue;
    }
    parts_.metrics.observe_seconds("lakelift_transfer_commit_seconds", "Duration of commits of what was sent", {},
                                   static_cast<double>(parts_.clock.monotonic() - since) / kMicrosPerSecond);
    entries += batch.totals.entries;
    settle(batch);
    batches_.pop_front();
    forget_old();
  }
  return entries;
}

// A batch that failed goes first, as it was.
bool TransferRecorder::State::fetch_batch() {
  if (!batches_.empty()) return true;
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return false;
  const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), limits::kTransfersAtOnce));
  Batch batch{.number = ++last_batch_, .transfers = {}};
  batch.transfers.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.begin() + count));
  queue_.erase(queue_.begin(), queue_.begin() + count);
  batches_.push_back(std::move(batch));
  return true;
}

// Where the line broke while the database committed, the next attempt finds that it did.
Result<void> TransferRecorder::State::commit(Batch& batch) {
  return parts_.database.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const bool is_new, store::begin_commit(transaction, id_, batch.number, parts_.clock.now()));
    if (!is_new) return {};
    TRY(batch.totals, record(transaction, parts_.ledger, parts_.clock, parts_.random, batch.transfers));
    return {};
  });
}

void TransferRecorder::State::settle(Batch& batch) {
  const BatchTotals& totals = batch.totals;
  parts_.metrics.add("lakelift_sent_bytes_total", "Bytes of files and slices that went out", {},
                     static_cast<double>(totals.sent_bytes));
  parts_.metrics.add("lakelift_downloads_total", "Files and slices that were taken whole, once a session", {},
                     static_cast<double>(totals.downloads));
  parts_.metrics.add("lakelift_download_bytes_total", "Sizes of files and slices that were taken whole", {},
                     static_cast<double>(totals.download_bytes));
  {
    const std::lock_guard lock(mutex_);
    is_away_ = false;
    kept_ -= batch.transfers.size();
  }
  for (const auto& transfer : batch.transfers) {
    if (transfer.committed) transfer.committed();
  }
}

// The database is away, or full: what has ended is kept, and those who wait for it go on.
void TransferRecorder::State::let_go() {
  std::vector<std::function<void()>> waiting;
  const auto release = [&](EndedTransfer& ended) {
    if (ended.committed) waiting.push_back(std::exchange(ended.committed, nullptr));
  };
  for (Batch& batch : batches_) std::ranges::for_each(batch.transfers, release);
  {
    const std::lock_guard lock(mutex_);
    is_away_ = true;
    std::ranges::for_each(queue_, release);
  }
  for (const auto& committed : waiting) committed();
}

// One that will never be taken does not hold up the others.
void TransferRecorder::State::split_or_drop(const Error& error) {
  Batch failed = std::move(batches_.front());
  batches_.pop_front();
  if (failed.transfers.size() == 1) {
    note_lost(1, describe(error));
    failed.totals = {};
    settle(failed);
    return;
  }
  for (auto& transfer : failed.transfers) {
    Batch one{.number = ++last_batch_, .transfers = {}};
    one.transfers.push_back(std::move(transfer));
    batches_.push_back(std::move(one));
  }
}

void TransferRecorder::State::forget_old() {
  constexpr Micros kBetween = limits::kSessionIdleSeconds * kMicrosPerSecond;
  const Micros now = parts_.clock.now();
  if (forgot_at_ != 0 && now - forgot_at_ < kBetween) return;
  forgot_at_ = now;
  const Micros before = now - limits::kSessionKeptSeconds * kMicrosPerSecond;
  const auto forgotten = parts_.database.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY_VOID(store::forget_sessions(transaction, before));
    return store::forget_recorders(transaction, before);
  });
  if (!forgotten) log_warning("old sessions could not be forgotten yet", {{"error", describe(forgotten.error())}});
}

void TransferRecorder::State::close() {
  const std::lock_guard committing(commit_mutex_);
  std::vector<EndedTransfer> lost;
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    std::ranges::move(queue_, std::back_inserter(lost));
    queue_.clear();
    kept_ = 0;
  }
  for (auto& batch : batches_) std::ranges::move(batch.transfers, std::back_inserter(lost));
  batches_.clear();
  if (lost.empty()) return;
  note_lost(lost.size(), "the database was away when the server stopped");
  for (const auto& transfer : lost) {
    if (transfer.committed) transfer.committed();
  }
}

}  // namespace lakelift::transfers
