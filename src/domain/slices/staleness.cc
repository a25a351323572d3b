#include "domain/slices/staleness.h"

#include <chrono>

#include "base/log.h"
#include "domain/slices/aged_version.h"
#include "domain/slices/stale_store.h"
#include "domain/slices/tidings.h"
#include "domain/slices/waiting_limits.h"

namespace lakelift::slices {
namespace {

// When what was asked for then has grown too old.
Micros too_old_at(std::string_view version, Micros created_at, std::int64_t max_age_seconds) {
  return age_began(version).value_or(created_at) + max_age_seconds * kMicrosPerSecond;
}

}  // namespace

std::optional<Micros> stale_since(const DownloadRequest& request, const std::optional<std::int64_t>& max_age_seconds,
                                  Micros now) {
  if (request.state != RunState::kDone) return std::nullopt;
  if (request.stale_since || !max_age_seconds) return request.stale_since;
  const Micros end = too_old_at(request.source_version, request.created_at, *max_age_seconds);
  return end <= now ? std::optional(end) : std::nullopt;
}

void Staleness::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Staleness::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Staleness::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (const auto ticked = tick(); !ticked) {
      log_warning("slices could not be looked through for what is too old", {{"error", describe(ticked.error())}});
    }
    if (const auto dropped = ChunkService(parts_).tidy(); !dropped) {
      log_warning("chunks could not be looked through for what is to be dropped",
                  {{"error", describe(dropped.error())}});
    }
    wake_.wait_for(lock, stop, std::chrono::milliseconds(kStaleTickMs), [] { return false; });
  }
}

Result<std::int64_t> Staleness::tick() {
  TRY(const auto items, parts_.catalogue.aged_items());
  std::int64_t marked = 0;
  for (const auto& item : items) {
    TRY(const std::int64_t some, age(item));
    marked += some;
  }
  return marked;
}

Result<std::int64_t> Staleness::age(const catalogue::AgedItem& item) {
  const Micros now = parts_.clock.now();
  std::int64_t marked = 0;
  std::int64_t after = 0;
  while (true) {
    TRY(const auto held, parts_.database.read([&](metadata::Session& session) {
      return store::held_fresh(session, item.id, after, kStaleBatch);
    }));
    if (held.empty()) return marked;
    after = held.back().request_id;
    std::vector<std::pair<std::int64_t, Micros>> old;
    for (const auto& one : held) {
      const Micros since = too_old_at(one.source_version, one.created_at, item.max_age_seconds);
      if (since <= now) old.emplace_back(one.request_id, since);
    }
    if (old.empty()) continue;
    TRY(const std::int64_t some, parts_.database.write([&](metadata::Transaction& tx) -> Result<std::int64_t> {
      std::int64_t count = 0;
      for (const auto& [id, since] : old) {
        TRY(const bool fresh, store::mark_request_stale(tx, id, since));
        if (!fresh) continue;
        TRY_VOID(Tidings(parts_).stale(tx, id, since));
        ++count;
      }
      return count;
    }));
    marked += some;
  }
}

Result<void> Staleness::source_changed(metadata::Transaction& tx, const catalogue::CatalogueItem& item,
                                       const std::string& new_version) const {
  const Micros now = parts_.clock.now();
  TRY(const auto versions, store::live_versions(tx, item.id));
  for (const auto& version : versions) {
    if (engine_version_of(version) != new_version) {
      TRY(const auto held, store::mark_stale(tx, item.id, version, now));
      for (const std::int64_t id : held) TRY_VOID(Tidings(parts_).stale(tx, id, now));
      continue;
    }
    const auto began = age_began(version);
    const bool too_old = began && item.max_age_seconds && *began + *item.max_age_seconds * kMicrosPerSecond <= now;
    if (!too_old) TRY_VOID(store::mark_fresh(tx, item.id, version));
  }
  return {};
}

}  // namespace lakelift::slices
