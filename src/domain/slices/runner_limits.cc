// How far runs may go, and how many of them at once.
#include "domain/slices/runner.h"

namespace lakelift::slices {
namespace {

constexpr Micros kMicrosPerMilli = 1'000;

}  // namespace

store::RunsAtOnce Runner::runs_at_once() const {
  store::RunsAtOnce out;
  for (const auto& [type, executor] : parts_.executors.all()) {
    const std::size_t most = parts_.settings.limits_of(type).runs_at_once;
    const std::size_t usual = type == executors::ExecutorType::kLocal ? parts_.running_runs : kOutsideRuns;
    out[type] = most == 0 ? usual : most;
  }
  return out;
}

executors::RunProgress Runner::progress_of(const Active& active) const {
  const std::lock_guard lock(mutex_);
  return active.progress;
}

std::int64_t Runner::elapsed_ms(const store::Lease& lease) const {
  return std::max<Micros>(parts_.clock.now() - lease.started_at, 0) / kMicrosPerMilli;
}

Cost Runner::paid_for(const Active& active) const {
  const std::int64_t scanned = progress_of(active).scanned_bytes;
  return {scanned, parts_.settings.prices.of_broken_off(active.lease.engine, scanned, elapsed_ms(active.lease))};
}

void Runner::enforce_limits(Active& active) {
  auto why = beyond(parts_.settings.limits_of(active.lease.engine), parts_.settings.prices,
                    {active.lease.engine, progress_of(active).scanned_bytes, elapsed_ms(active.lease)});
  if (!why) return;
  {
    const std::lock_guard lock(mutex_);
    if (active.beyond || active.stop.stop_requested()) return;
    active.beyond = std::move(why);
  }
  end(active);
}

std::optional<Error> Runner::beyond_limits(const Active& active) const {
  const std::lock_guard lock(mutex_);
  return active.beyond;
}

}  // namespace lakelift::slices
