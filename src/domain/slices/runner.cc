#include "domain/slices/runner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <exception>

#include "base/id.h"
#include "base/log.h"
#include "domain/slices/derivation.h"
#include "domain/slices/entries.h"

namespace lakelift::slices {
namespace {

constexpr Micros kMicrosPerMilli = 1'000;
constexpr std::size_t kOwnerBytes = 16;

std::unexpected<Error> lease_lost() {
  return fail(Code::kConflict, "RUN_LEASE_LOST", "the run was cancelled or taken over");
}

ledger::Entry finished_entry(const store::Lease& lease, const storage::ObjectInfo& object,
                             const executors::RunReport& report, std::optional<std::int64_t> derived_from) {
  ledger::Entry entry = request_entry("run.finished", lease.request_id);
  entry.object = object.key;
  entry.rows = report.rows;
  entry.bytes = static_cast<std::int64_t>(object.size_bytes);
  entry.scanned_bytes = report.scanned_bytes;
  entry.money_micros = report.money_micros;
  entry.run = lease.run_id;
  entry.detail = {{"attempt", lease.attempt}};
  if (derived_from) entry.detail["derived_from"] = *derived_from;
  if (report.money_micros > 0) entry.currency = "USD";
  return entry;
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
  for (std::size_t i = 0; i < parts_.running_runs; ++i) {
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
  if (const auto found = active_.find(run_id); found != active_.end()) found->second->stop.request_stop();
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
      if (!ours) out.push_back(active);
    }
    return out;
  });
  if (!lost) {
    log_warning("leases of runs could not be renewed", {{"error", describe(lost.error())}});
    return;
  }
  for (const auto& active : *lost) active->stop.request_stop();
}

std::optional<store::Lease> Runner::take_one(std::stop_token stop) {
  const Micros now = parts_.clock.now();
  std::vector<std::string> ours;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, active] : active_) ours.push_back(id);
  }
  const auto due = parts_.database.read([&](metadata::Session& session) { return store::any_due(session, now, ours); });
  if (!due || !*due) return std::nullopt;
  const Micros until = now + limits::kRunLeaseMs * kMicrosPerMilli;
  auto leased = parts_.database.write([&](metadata::Transaction& tx) -> Result<std::optional<store::Lease>> {
    // Looked at in here: what another thread gives back because of the stop must not be taken up again.
    if (stop.stop_requested()) return std::nullopt;
    return store::lease(tx, owner_, now, until, ours);
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
    return fail(Code::kInternal, "RUN_GIVEN_UP", fmt::format("gave up after {} attempts", limits::kRunTakeovers));
  }
  TRY(auto staged, parts_.store.stage());
  TRY(const auto executed, answer(active, *work, staged->fd()));
  TRY_VOID(check_result(staged->fd(), executed.report));
  const auto pending = parts_.keeper.begin();
  TRY(const auto object, parts_.keeper.publish(std::move(staged), *pending));
  return publish(active, *work, {object, *pending, executed.report, executed.derived_from});
}

Result<Runner::Executed> Runner::answer(Active& active, const store::Work& work, int output) {
  // A run that was submitted to an engine before a crash is paid for already.
  if (!active.lease.external_id) {
    auto derived = derive_from_held(active, work, output);
    if (derived && *derived) return **std::move(derived);
    if (!derived && active.stop.stop_requested()) return std::unexpected(std::move(derived).error());
    if (!derived) {
      log_warning("a held slice could not be used; the source is read instead",
                  {{"request", active.lease.request_id}, {"error", describe(derived.error())}});
      if (::ftruncate(output, 0) != 0 || ::lseek(output, 0, SEEK_SET) != 0) {
        return fail_errno("emptying a staged file", errno);
      }
    }
  }
  TRY(auto report, execute(active, work, output));
  return Executed{std::move(report), std::nullopt};
}

Result<std::optional<Runner::Executed>> Runner::derive_from_held(Active& active, const store::Work& work, int output) {
  TRY(const auto held, parts_.database.read([&](metadata::Session& session) {
    return store::held_slices(session, work.item_id, work.source_version);
  }));
  const auto derivation = derive(held, work.spec);
  if (!derivation) return std::nullopt;
  const auto progress = [&](const columnar::JobProgress& now) {
    note_progress(active, {now.rows_read, now.rows_total, now.rows_written, now.bytes_written});
  };
  TRY(const auto written,
      slices::carry_out(*derivation, parts_.keeper, parts_.workers, output, progress, active.stop.get_token()));
  parts_.metrics.add("lakelift_slices_derived_total", "Slices that were taken from another one that is held.", {});
  return Executed{{written.rows, 0, 0, work.source_version}, derivation->from.request_id};
}

Result<executors::RunReport> Runner::execute(Active& active, const store::Work& work, int output) {
  TRY(const auto item, parts_.catalogue.get(work.item_id));
  TRY(const auto executor, parts_.executors.get(item.executor_type));
  const store::Lease& lease = active.lease;
  const executors::RunOrder order{.run_id = lease.run_id,
                                  .attempt = lease.attempt,
                                  .idempotency_token = lease.idempotency_token,
                                  .external_id = lease.external_id,
                                  .source = item.source,
                                  .table = item.spec,
                                  .spec = work.spec,
                                  .sampling_seed = std::to_string(item.id)};
  executors::RunObserver observer;
  observer.submitted = [&](const std::string& external_id) -> Result<void> {
    TRY(const bool ours, parts_.database.write([&](metadata::Transaction& tx) {
      return store::set_external_id(tx, lease, external_id);
    }));
    if (!ours) return lease_lost();
    return {};
  };
  observer.progress = [&](const executors::RunProgress& progress) { note_progress(active, progress); };
  return executor->run(order, output, observer, active.stop.get_token());
}

Result<void> Runner::publish(Active& active, const store::Work& work, const Output& output) {
  const auto& [object, pending, report, derived_from] = output;
  const store::Lease& lease = active.lease;
  executors::RunProgress progress;
  {
    const std::lock_guard lock(mutex_);
    progress = active.progress;
  }
  const auto finished = parts_.database.write([&](metadata::Transaction& tx) -> Result<store::Finished> {
    TRY(auto done, store::finish_done(tx, lease, work, object, report, progress, parts_.clock.now()));
    if (!done.lost) TRY_VOID(parts_.ledger.append(tx, finished_entry(lease, object, report, derived_from)));
    return done;
  });
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
  {
    const std::lock_guard lock(mutex_);
    active.progress = progress;
    if (active.told_at != 0 && now - active.told_at < limits::kProgressIntervalMs * kMicrosPerMilli) return;
    active.told_at = now;
  }
  changed_(active.lease.request_id);
}

}  // namespace lakelift::slices
