#include "backends/events/relay.h"

#include <algorithm>

#include "backends/events/batch.h"
#include "backends/events/events_limits.h"
#include "base/id.h"
#include "base/log.h"
#include "base/pause.h"

namespace lakelift::events {
namespace {

constexpr std::size_t kOwnerBytes = 16;
constexpr Micros kLease = limits::kRelayLeaseSeconds * kMicrosPerSecond;
constexpr Micros kPublish = limits::kPublishMs * 1'000;
static_assert(kPublish + kPublish / 4 < kLease, "a lease lasts longer than a publish");

}  // namespace

Relay::Relay(const RelayParts& parts, Publisher& publisher)
    : parts_(parts), publisher_(publisher), name_(publisher.name()), owner_(random_hex(parts.random, kOwnerBytes)) {
  parts_.metrics.on_collect([this] {
    const auto now = state();
    if (!now) return;
    const Labels labels{{"publisher", name_}};
    parts_.metrics.set("lakelift_events_waiting", "Entries of the ledger that the relay has not settled", labels,
                       static_cast<double>(now->waiting));
    const Micros age = now->oldest ? std::max<Micros>(0, parts_.clock.now() - *now->oldest) : 0;
    parts_.metrics.set("lakelift_events_oldest_age_seconds", "Age of the oldest of those", labels,
                       static_cast<double>(age) / kMicrosPerSecond);
    parts_.metrics.set("lakelift_events_set_aside", "Entries that could not be sent and are kept with their reason",
                       labels, static_cast<double>(now->set_aside));
  });
}

Relay::~Relay() { stop(); }

void Relay::start() {
  if (parts_.database.dialect() == metadata::Dialect::kSqlite) {
    const auto released =
        parts_.database.write([&](metadata::Transaction& tx) { return store::release(tx, name_, ""); });
    if (!released) log_error("events wait for a lease of before", {{"error", describe(released.error())}});
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void Relay::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  const auto released =
      parts_.database.write([&](metadata::Transaction& tx) { return store::release(tx, name_, owner_); });
  if (!released) log_error("the lease of events ends by itself", {{"error", describe(released.error())}});
}

void Relay::work(const std::stop_token& stop) {
  const Pause pause = real_pause();
  bool is_failing = false;
  std::int64_t pause_ms = 0;
  while (!stop.stop_requested()) {
    const auto settled = step(stop);
    if (settled && *settled > 0) {
      if (is_failing) log_info("events are sent again", {{"publisher", name_}});
      is_failing = false;
      pause_ms = 0;
      continue;
    }
    if (!settled && !is_failing && !stop.stop_requested()) {
      log_warning("events can't be sent, and wait", {{"publisher", name_}, {"error", describe(settled.error())}});
      is_failing = true;
    }
    if (!settled) pause_ms = std::clamp(pause_ms * 2, limits::kRelayFirstPauseMs, limits::kRelayLongestPauseMs);
    pause(settled ? limits::kRelayPollMs : pause_ms, stop);
  }
}

Result<std::optional<store::Place>> Relay::hold(const std::optional<store::Place>& place) {
  const Micros now = parts_.clock.now();
  if (place && place->owner == owner_ && place->lease_until - now > kPublish + kPublish / 4) return place;
  return parts_.database.write(
      [&](metadata::Transaction& tx) { return store::take(tx, name_, owner_, now, now + kLease); });
}

Result<std::size_t> Relay::step(std::stop_token stop) {
  const std::lock_guard only(step_);
  std::optional<store::Place> place;
  const auto read = [&](metadata::Session& session) -> Result<Batch> {
    TRY(place, store::find_place(session, name_));
    return read_batch(session, parts_.ledger, place ? place->sent_seq : 0, limits::kRelayBatch);
  };
  TRY(Batch batch, parts_.database.read(read));
  if (batch.seqs.empty()) return 0;
  if (place && place->owner != owner_ && place->lease_until > parts_.clock.now()) return 0;
  TRY(const auto held, hold(place));
  if (!held) return 0;
  if (held->sent_seq != (place ? place->sent_seq : 0)) {  // another server went on in between
    TRY(batch, parts_.database.read(read));
    if (batch.seqs.empty()) return 0;
  }
  Published published;
  if (!batch.events.empty()) {
    TRY(published, publisher_.publish(batch.events, std::move(stop)));
  }
  return settle(*held, batch, published);
}

// A crash before this is committed: the same batch is published again, under the same ids.
Result<std::size_t> Relay::settle(const store::Place& place, const Batch& batch, const Published& published) {
  const std::size_t settled = settled_entries(batch, published.acknowledged);
  if (settled == 0) return 0;
  const std::int64_t last = batch.seqs[settled - 1];
  const Micros now = parts_.clock.now();
  std::vector<SetAside> aside;
  for (const SetAside& one : batch.unreadable) {
    if (one.seq <= last) aside.push_back(one);
  }
  for (const Refused& one : published.refused) {
    if (one.index >= published.acknowledged) continue;
    const Event& event = batch.events[one.index];
    aside.push_back({event.seq, event.id, one.reason, 0});
  }
  for (SetAside& one : aside) {
    one.at = now;
    one.reason.resize(std::min(one.reason.size(), limits::kSetAsideReasonBytes));
  }
  TRY(const bool ours, parts_.database.write([&](metadata::Transaction& tx) -> Result<bool> {
    TRY(const bool advanced, store::advance(tx, name_, place, last, now + kLease));
    if (!advanced) return false;
    for (const SetAside& one : aside) TRY_VOID(store::set_aside(tx, name_, one));
    TRY_VOID(store::forget_set_aside(tx, name_, now - limits::kSetAsideKeptSeconds * kMicrosPerSecond));
    return true;
  }));
  if (!ours) {
    log_warning("another server sends events now: some may have been sent twice", {{"publisher", name_}});
    return 0;
  }
  for (const SetAside& one : aside) {
    log_warning("an event was set aside",
                {{"publisher", name_}, {"seq", one.seq}, {"event_id", one.event_id}, {"reason", one.reason}});
  }
  count(batch, published, aside.size());
  return settled;
}

void Relay::count(const Batch& batch, const Published& published, std::size_t set_aside) {
  const Labels labels{{"publisher", name_}};
  const std::size_t sent = std::min(published.acknowledged, batch.events.size()) - published.refused.size();
  parts_.metrics.add("lakelift_events_sent_total", "Events that the publisher took", labels, static_cast<double>(sent));
  parts_.metrics.add("lakelift_events_set_aside_total", "Entries that can't be sent", labels,
                     static_cast<double>(set_aside));
  const Micros now = parts_.clock.now();
  for (std::size_t i = 0; i < published.acknowledged && i < batch.events.size(); ++i) {
    parts_.metrics.observe_seconds("lakelift_events_relay_seconds", "From the event to the publisher's word for it",
                                   labels, static_cast<double>(now - batch.events[i].at) / kMicrosPerSecond);
  }
}

Result<RelayState> Relay::state() {
  return parts_.database.read([&](metadata::Session& session) -> Result<RelayState> {
    RelayState out;
    out.publisher = name_;
    TRY(const auto place, store::find_place(session, name_));
    if (place) out.sent_seq = place->sent_seq;
    ledger::Query newest;
    newest.limit = 1;
    TRY(const auto last, parts_.ledger.find(session, newest));
    if (!last.empty()) out.waiting = std::max<std::int64_t>(0, last.front().seq - out.sent_seq);
    if (out.waiting > 0) {
      TRY(const auto first, parts_.ledger.after(session, out.sent_seq, 1));
      if (!first.empty()) out.oldest = first.front().at;
    }
    TRY(out.set_aside, store::count_set_aside(session, name_));
    return out;
  });
}

}  // namespace lakelift::events
