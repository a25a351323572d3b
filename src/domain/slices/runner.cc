#include "domain/slices/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>

#include "base/id.h"
#include "base/log.h"
#include "domain/slices/aged_version.h"
#include "domain/slices/charges.h"
#include "domain/slices/result_store.h"
#include "domain/slices/spending_metrics.h"
#include "domain/slices/stale_store.h"
#include "domain/slices/tidings.h"

namespace lakelift::slices {
namespace {

constexpr Micros kMicrosPerMilli = 1'000;
constexpr std::size_t kOwnerBytes = 16;
constexpr std::size_t kMostThreads = 64;

std::unexpected<Error> lease_lost() {
  return fail(Code::kConflict, "RUN_LEASE_LOST", "the run was cancelled or taken over");
}

// Most of them only wait for engines.
std::size_t threads_for(const store::RunsAtOnce& runs_at_once) {
  std::size_t threads = 0;
  for (const auto& [engine, most] : runs_at_once) threads += most;
  return std::clamp<std::size_t>(threads, 1, kMostThreads);
}

// A result that does not fit what the executor says of it is never published (threats S7).
Result<void> check_result(int output, const executors::RunReport& report) {
  TRY(const std::uint64_t size, file_size(output));
  if (size == 0) return fail(Code::kCorrupt, "RESULT_BROKEN", "the executor said it was done but wrote nothing");
  if (report.rows < 0) return fail(Code::kCorrupt, "RESULT_BROKEN", "the executor reported a negative number of rows");
  return {};
}

}  // namespace

Runner::Runner(const SliceServiceParts& parts, std::function<void(std::int64_t)> changed)
    : parts_(parts), changed_(std::move(changed)), owner_(random_hex(parts.random, kOwnerBytes)) {}

Runner::~Runner() { stop(); }

void Runner::start() {
  const bool alone = parts_.sole_owner.value_or(parts_.database.dialect() == metadata::Dialect::kSqlite);
  if (alone) {
    const auto released = parts_.database.write([](metadata::Transaction& tx) { return store::release_all(tx); });
    if (!released) log_error("runs of before could not be taken up yet", {{"error", describe(released.error())}});
    if (released && *released > 0) log_info("runs that were interrupted are taken up", {{"runs", *released}});
  }
  const std::lock_guard lock(mutex_);
  if (!threads_.empty()) return;
  stopping_ = std::stop_source();
  for (std::size_t i = 0; i < threads_for(runs_at_once()); ++i) {
    threads_.emplace_back([this, stop = stopping_.get_token()] { work(stop); });
  }
  threads_.emplace_back([this, stop = stopping_.get_token()] { beat(stop); });
}

void Runner::stop() {
  std::vector<std::jthread> threads;
  std::stop_source stopping;
  {
    const std::lock_guard lock(mutex_);
    threads.swap(threads_);
    stopping = stopping_;
  }
  // All at once: else one thread would take up what another has just given back.
  stopping.request_stop();
  threads.clear();  // joins
}

void Runner::wake() {
  {
    const std::lock_guard lock(mutex_);
    ++wakes_;
  }
  wake_.notify_all();
}

void Runner::interrupt(const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = active_.find(run_id); found != active_.end()) end(*found->second);
}

void Runner::end(Active& active) {
  active.ends_job = true;
  active.stop.request_stop();
}

Result<void> Runner::end_unless_taken_up(metadata::Session& session, Active& active) {
  TRY(const bool taken, store::is_taken_up(session, active.lease));
  active.ends_job = !taken;
  return {};
}

std::optional<executors::RunProgress> Runner::progress_of(std::int64_t request_id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, active] : active_) {
    if (active->lease.request_id == request_id) return active->progress;
  }
  return std::nullopt;
}

void Runner::work(std::stop_token stop) {
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(mutex_);
      seen = wakes_;
    }
    if (auto lease = take_one(stop)) {
      carry_out(*std::move(lease), stop);
      continue;
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, std::chrono::milliseconds(limits::kRunPollMs), [&] { return wakes_ != seen; });
  }
}

void Runner::beat(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, std::chrono::milliseconds(limits::kRunHeartbeatMs), [] { return false; });
    }
    if (!stop.stop_requested()) heartbeat();
  }
}

void Runner::heartbeat() {
  std::vector<std::pair<ActivePtr, executors::RunProgress>> held;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, active] : active_) held.emplace_back(active, active->progress);
  }
  if (held.empty()) return;
  const Micros until = parts_.clock.now() + limits::kRunLeaseMs * kMicrosPerMilli;
  const auto lost = parts_.database.write([&](metadata::Transaction& tx) -> Result<std::vector<ActivePtr>> {
    std::vector<ActivePtr> out;
    for (const auto& [active, progress] : held) {
      TRY(const bool ours, store::renew(tx, active->lease, until, progress));
      if (ours) continue;
      TRY_VOID(end_unless_taken_up(tx, *active));
      out.push_back(active);
    }
    return out;
  });
  if (!lost) {
    log_warning("leases of runs could not be renewed", {{"error", describe(lost.error())}});
    return;
  }
  for (const auto& active : *lost) active->stop.request_stop();
  for (const auto& [active, progress] : held) enforce_limits(*active);
}

std::optional<store::Lease> Runner::take_one(std::stop_token stop) {
  const Micros now = parts_.clock.now();
  store::Taker taker{owner_, {}, runs_at_once()};
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, active] : active_) taker.except.push_back(id);
  }
  const auto due =
      parts_.database.read([&](metadata::Session& session) { return store::any_due(session, taker, now); });
  if (!due || !*due) return std::nullopt;
  const Micros until = now + limits::kRunLeaseMs * kMicrosPerMilli;
  auto leased = parts_.database.write([&](metadata::Transaction& tx) -> Result<std::optional<store::Lease>> {
    // Looked at in here: what another thread gives back because of the stop must not be taken up again.
    if (stop.stop_requested()) return std::nullopt;
    return store::lease(tx, taker, now, until);
  });
  if (!leased) {
    log_warning("no run could be taken", {{"error", describe(leased.error())}});
    return std::nullopt;
  }
  return *std::move(leased);
}

void Runner::carry_out(store::Lease lease, std::stop_token server_stop) {
  const auto active = std::make_shared<Active>();
  active->lease = std::move(lease);
  // Known before the work is read: a cancellation either finds it here or is found by that read.
  {
    const std::lock_guard lock(mutex_);
    active_[active->lease.run_id] = active;
  }
  const Micros began = parts_.clock.monotonic();
  Result<void> outcome;
  {
    const std::stop_callback by_server(server_stop, [&] { active->stop.request_stop(); });
    changed_(active->lease.request_id);
    try {
      outcome = run_to_end(*active);
    } catch (const std::exception& thrown) {
      outcome = fail(Code::kInternal, fmt::format("the run broke off: {}", thrown.what()));
    }
  }
  if (!outcome) settle(*active, outcome.error(), server_stop.stop_requested());
  if (outcome) count("done");
  {
    const std::lock_guard lock(mutex_);
    active_.erase(active->lease.run_id);
  }
  const double seconds = static_cast<double>(parts_.clock.monotonic() - began) / kMicrosPerSecond;
  parts_.metrics.observe_seconds("lakelift_run_duration_seconds", "How long runs took.", {}, seconds);
  changed_(active->lease.request_id);
}

Result<void> Runner::run_to_end(Active& active) {
  TRY(const auto work,
      parts_.database.read([&](metadata::Session& session) { return store::work_of(session, active.lease); }));
  if (!work) return lease_lost();
  if (active.lease.attempt > limits::kRunTakeovers) {
    return fail(Code::kInternal, std::string(store::kRunGivenUp),
                fmt::format("gave up after {} attempts", limits::kRunTakeovers));
  }
  TRY(auto staged, parts_.store.stage());
  TRY(auto executed, answer(active, *work, staged->fd()));
  TRY_VOID(check_result(staged->fd(), executed.report));
  const auto pending = parts_.keeper.begin();
  TRY(const auto object, parts_.keeper.publish(std::move(staged), *pending));
  return publish(active, *work, {object, *pending, executed});
}

Result<void> Runner::publish(Active& active, const store::Work& work, const Output& output) {
  const auto& [object, pending, executed] = output;
  const store::Lease& lease = active.lease;
  executors::RunReport report = executed.report;
  report.source_version = read_version(work.source_version, report.source_version);
  json::object answered_from = executed.answered_from;
  answered_from["run_id"] = lease.run_id;
  const executors::RunProgress progress = progress_of(active);
  const auto finished = parts_.database.write([&](metadata::Transaction& tx) -> Result<store::Finished> {
    TRY(auto done, store::finish_done(tx, lease, work, object, report, progress, parts_.clock.now()));
    if (done.lost) return done;
    const Cost paid = executed.is_recorded ? Cost{} : Cost{report.scanned_bytes, report.money_micros};
    TRY(auto entry, charged_entry(tx, "run.finished", lease.request_id, {lease.asked_by, work.item_id, paid},
                                  parts_.settings.prices.currency));
    entry.object = object.key;
    entry.rows = report.rows;
    entry.bytes = static_cast<std::int64_t>(object.size_bytes);
    entry.run = lease.run_id;
    entry.detail["attempt"] = lease.attempt;
    entry.detail["answered_from"] = executed.answered_from;
    TRY_VOID(parts_.ledger.append(tx, entry));
    TRY_VOID(record_saving(tx, lease, work, executed));
    TRY_VOID(store::note_origin(tx, object.key, {to_text(answered_from), executed.derived_from, parts_.clock.now()}));
    TRY_VOID(store::refresh_if_moved(tx, lease.request_id, work.source_version));
    TRY_VOID(Tidings(parts_).ended(tx, lease.request_id));
    return done;
  });
  if (finished && !finished->lost && !executed.is_recorded) {
    count_paid(parts_.metrics, lease.engine, {report.scanned_bytes, report.money_micros});
  }
  if (finished && !finished->lost && !finished->superfluous) return {};
  parts_.keeper.abandon(pending);
  if (finished && finished->lost) return lease_lost();
  if (finished) return {};
  // The commit may have become true although its answer did not reach us.
  const auto kept =
      parts_.database.read([&](metadata::Session& session) { return store::is_result(session, object.key); });
  if (kept && *kept) return {};
  return std::unexpected(finished.error());
}

void Runner::note_progress(Active& active, const executors::RunProgress& progress) {
  const Micros now = parts_.clock.monotonic();
  bool tells = false;
  {
    const std::lock_guard lock(mutex_);
    active.progress = progress;
    tells = active.told_at == 0 || now - active.told_at >= limits::kProgressIntervalMs * kMicrosPerMilli;
    if (tells) active.told_at = now;
  }
  enforce_limits(active);
  if (tells) changed_(active.lease.request_id);
}

}  // namespace lakelift::slices
