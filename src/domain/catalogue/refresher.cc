#include "domain/catalogue/refresher.h"

#include <algorithm>
#include <chrono>

#include "base/limits.h"
#include "base/log.h"

namespace lakelift::catalogue {

Refresher::Refresher(metadata::Database& database, CatalogueService& catalogue, const Clock& clock,
                     RefresherOptions options)
    : database_(database), catalogue_(catalogue), clock_(clock), options_(options) {}

Refresher::~Refresher() { stop(); }

void Refresher::start() {
  const Micros now = clock_.now();
  if (options_.sole_owner) {
    const auto released = database_.write([&](metadata::Transaction& transaction) {
      return release_claims(transaction, now, now + options_.interval_seconds * kMicrosPerSecond);
    });
    if (!released) log_error("looks at changed sources could not begin anew", {{"error", describe(released.error())}});
  }
  thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
}

void Refresher::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Refresher::work(std::stop_token stop) {
  const auto pause = std::chrono::milliseconds(
      std::min<std::int64_t>(limits::kRefreshPollMs, std::int64_t{options_.interval_seconds} * 1'000));
  while (!stop.stop_requested()) {
    const auto done = refresh_next(stop);
    if (!done) log_error("looking for changed sources", {{"error", describe(done.error())}});
    if (done && *done) continue;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, pause, [] { return false; });
  }
}

Result<bool> Refresher::refresh_next(std::stop_token stop) {
  const Micros now = clock_.now();
  TRY(const bool any, database_.read([&](metadata::Session& session) { return has_due(session, now); }));
  if (!any) return false;
  TRY(const auto claim, database_.write([&](metadata::Transaction& transaction) {
    return claim_due(transaction, now, now + limits::kRefreshClaimSeconds * kMicrosPerSecond);
  }));
  if (!claim) return false;
  const auto refreshed = catalogue_.refresh(claim->item_id, stop);
  TRY_VOID(settle(*claim, refreshed));
  return true;
}

Result<void> Refresher::settle(const RefreshClaim& claim, const Result<bool>& refreshed) {
  std::int64_t failures = 0;
  Micros due = clock_.now() + pause_after(0);
  if (refreshed && *refreshed) log_info("profiled a changed source again", {{"item", claim.item_id}});
  if (!refreshed && refreshed.error().code == Code::kCancelled) {
    failures = claim.failures;
    due = clock_.now();
  } else if (!refreshed && refreshed.error().event != "EXECUTOR_NOT_CONFIGURED") {
    failures = claim.failures + 1;
    due = clock_.now() + pause_after(failures);
    log_warning("an item's source could not be looked at",
                {{"item", claim.item_id}, {"failures", failures}, {"error", describe(refreshed.error())}});
  }
  return database_.write(
      [&](metadata::Transaction& transaction) { return settle_claim(transaction, claim, due, failures); });
}

Micros Refresher::pause_after(std::int64_t failures) const {
  const std::int64_t interval = options_.interval_seconds;
  const std::int64_t longest = std::max<std::int64_t>(interval, limits::kRefreshBackoffSeconds);
  std::int64_t seconds = interval;
  for (std::int64_t i = 0; i < failures && seconds < longest; ++i) seconds *= 2;
  return std::min(seconds, longest) * kMicrosPerSecond;
}

}  // namespace lakelift::catalogue
