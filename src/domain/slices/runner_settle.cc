// What becomes of a run that did not end well: back to the queue, tried again later, or FAILED.
#include <fmt/format.h>

#include <algorithm>

#include "base/id.h"
#include "base/log.h"
#include "domain/slices/charges.h"
#include "domain/slices/request_store.h"
#include "domain/slices/runner.h"
#include "domain/slices/spending_metrics.h"
#include "domain/slices/tidings.h"

namespace lakelift::slices {
namespace {

constexpr Micros kMicrosPerMilli = 1'000;
constexpr int kMostDoublings = 6;

// Worth another attempt: something was away or full, and may not be next time.
bool is_passing(const Error& error) { return error.code == Code::kUnavailable || error.code == Code::kTooMany; }

}  // namespace

void Runner::settle(Active& active, const Error& error, bool server_stops) {
  if (const auto beyond = beyond_limits(active)) return settle_failed(active, *beyond);
  if (active.stop.stop_requested()) return settle_stopped(active, server_stops);
  if (error.event == "RUN_LEASE_LOST") return count("lost");
  if (error.event == "RUN_WAITS") return settle_waiting(active);
  if (!is_passing(error) || active.lease.failures + 1 >= limits::kRunAttempts) return settle_failed(active, error);
  // The same token would bring the same job again, which has ended.
  const bool has_ended = error.event == executors::kJobEnded;
  const auto token = has_ended ? std::optional(uuid_v4(parts_.random)) : std::nullopt;
  const Cost paid = has_ended ? paid_for(active) : Cost{};
  const auto written = parts_.database.write([&](metadata::Transaction& tx) -> Result<bool> {
    const Micros when = parts_.clock.now() + backoff(active.lease.failures);
    TRY(const bool ours, store::retry_at(tx, active.lease, error, when, token));
    if (ours && paid != Cost{}) {
      TRY_VOID(tell_broken_off(tx, active.lease, "run.stopped", paid, {{"reason", "tried again"}}));
    }
    return ours;
  });
  count("retried");
  log_warning("a run is tried again later",
              {{"run", active.lease.run_id}, {"request", active.lease.request_id}, {"error", describe(error)}});
  // Nobody renews the lease any more: it ends, and the run is taken up again.
  if (!written) log_error("a run's failure could not be stored", {{"error", describe(written.error())}});
}

// Another run brings what this one needs: it looks again soon.
void Runner::settle_waiting(Active& active) {
  const Micros when = parts_.clock.now() + limits::kRunPollMs * kMicrosPerMilli;
  const auto written =
      parts_.database.write([&](metadata::Transaction& tx) { return store::postpone(tx, active.lease, when); });
  count("waits");
  if (!written) log_warning("a run keeps its lease until it ends", {{"error", describe(written.error())}});
}

void Runner::settle_stopped(Active& active, bool server_stops) {
  // A job of an outside engine goes on, and is paid by the run that takes it up.
  const bool goes_on = !active.ends_job && active.lease.engine != executors::ExecutorType::kLocal;
  const Cost paid = goes_on ? Cost{} : paid_for(active);
  const auto token = goes_on ? std::nullopt : std::optional(uuid_v4(parts_.random));
  const auto written = parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    bool released = false;
    if (server_stops) {
      TRY(released, store::release(tx, active.lease, token));
    }
    if (!released) {
      // Cancelled or taken over: whoever did so has written the state.
      TRY(const bool taken, store::is_taken_up(tx, active.lease));
      if (taken) return {};
      if (active.has_ended_job) TRY_VOID(store::job_ended(tx, active.lease));
    }
    if (paid == Cost{}) return {};
    return tell_broken_off(tx, active.lease, "run.stopped", paid,
                           {{"reason", released ? "the server stopped" : "cancelled"}});
  });
  count(server_stops ? "released" : "cancelled");
  if (!written && server_stops) {
    log_warning("a run keeps its lease until it ends", {{"error", describe(written.error())}});
  }
}

void Runner::settle_failed(Active& active, const Error& error) {
  const Cost paid = paid_for(active);
  // To end one that has ended does no harm.
  const bool may_job_go_on = !active.has_ended_job && error.event != executors::kJobEnded;
  const auto written = parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const bool ours, store::finish_failed(tx, active.lease, error, parts_.clock.now(), paid, may_job_go_on));
    if (!ours) return {};
    TRY_VOID(Tidings(parts_).ended(tx, active.lease.request_id));
    return tell_broken_off(tx, active.lease, "run.failed", paid,
                           {{"attempt", active.lease.attempt},
                            {"code", code_name(error.code)},
                            {"event", error.event},
                            {"message", error.message}});
  });
  count("failed");
  log_warning("a run failed",
              {{"run", active.lease.run_id}, {"request", active.lease.request_id}, {"error", describe(error)}});
  if (!written) log_error("a run's failure could not be stored", {{"error", describe(written.error())}});
}

Result<void> Runner::tell_broken_off(metadata::Transaction& tx, const store::Lease& lease, std::string kind,
                                     const Cost& paid, json::object detail) {
  TRY(const auto item_id, store::item_of(tx, lease.request_id));
  TRY(auto entry, charged_entry(tx, std::move(kind), lease.request_id, {lease.asked_by, item_id, paid},
                                parts_.settings.prices.currency));
  entry.run = lease.run_id;
  for (auto& field : detail) entry.detail[field.key()] = std::move(field.value());
  TRY_VOID(parts_.ledger.append(tx, entry));
  tx.after_commit([&metrics = parts_.metrics, engine = lease.engine, paid] { count_paid(metrics, engine, paid); });
  return {};
}

// Doubles, half of it by chance, so that runs that failed together do not come back together.
Micros Runner::backoff(int failures) const {
  const Micros whole = (limits::kRunBackoffMs * kMicrosPerMilli) << std::clamp(failures, 0, kMostDoublings);
  const auto half = static_cast<std::uint64_t>(whole / 2);
  return whole / 2 + static_cast<Micros>(parts_.random.next() % (half + 1));
}

void Runner::count(std::string_view outcome) {
  parts_.metrics.add("lakelift_runs_total", "Attempts at runs, by how they ended.",
                     {{"outcome", std::string(outcome)}});
}

}  // namespace lakelift::slices
