// What becomes of a run that did not end well: back to the queue, tried again later, or FAILED.
#include <fmt/format.h>

#include <algorithm>

#include "base/id.h"
#include "base/log.h"
#include "domain/slices/entries.h"
#include "domain/slices/runner.h"

namespace lakelift::slices {
namespace {

constexpr Micros kMicrosPerMilli = 1'000;
constexpr int kMostDoublings = 6;

ledger::Entry failed_entry(const store::Lease& lease, const Error& error) {
  ledger::Entry entry = request_entry("run.failed", lease.request_id);
  entry.run = lease.run_id;
  entry.detail = {
      {"attempt", lease.attempt}, {"code", code_name(error.code)}, {"event", error.event}, {"message", error.message}};
  return entry;
}

// Worth another attempt: something was away or full, and may not be next time.
bool is_passing(const Error& error) { return error.code == Code::kUnavailable || error.code == Code::kTooMany; }

}  // namespace

void Runner::settle(Active& active, const Error& error, bool server_stops) {
  if (active.stop.stop_requested()) return settle_stopped(active, server_stops);
  if (error.event == "RUN_LEASE_LOST") return count("lost");
  const bool again = is_passing(error) && active.lease.failures + 1 < limits::kRunAttempts;
  const auto written =
      parts_.database.write([&](metadata::Transaction& tx) { return settle_failed(tx, active.lease, error, again); });
  count(again ? "retried" : "failed");
  log_warning(again ? "a run is tried again later" : "a run failed",
              {{"run", active.lease.run_id}, {"request", active.lease.request_id}, {"error", describe(error)}});
  // Nobody renews the lease any more: it ends, and the run is taken up again.
  if (!written) log_error("a run's failure could not be stored", {{"error", describe(written.error())}});
}

void Runner::settle_stopped(Active& active, bool server_stops) {
  // Cancelled or taken over: whoever did so has written the state.
  if (!server_stops) return count("cancelled");
  const std::string token = uuid_v4(parts_.random);
  const auto released =
      parts_.database.write([&](metadata::Transaction& tx) { return store::release(tx, active.lease, token); });
  count("released");
  if (!released) log_warning("a run keeps its lease until it ends", {{"error", describe(released.error())}});
}

Result<bool> Runner::settle_failed(metadata::Transaction& tx, const store::Lease& lease, const Error& error,
                                   bool retry) {
  const Micros now = parts_.clock.now();
  if (retry) return store::retry_at(tx, lease, error, now + backoff(lease.failures));
  TRY(const bool ours, store::finish_failed(tx, lease, error, now));
  if (ours) TRY_VOID(parts_.ledger.append(tx, failed_entry(lease, error)));
  return ours;
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
