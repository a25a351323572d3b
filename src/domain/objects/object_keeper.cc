#include "domain/objects/object_keeper.h"

#include <chrono>
#include <condition_variable>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/transfer_limits.h"
#include "domain/objects/collector.h"
#include "domain/objects/mover.h"
#include "domain/objects/open_objects.h"
#include "domain/objects/owners.h"
#include "domain/objects/pending_keys.h"
#include "domain/objects/place_book.h"
#include "domain/objects/quarantine.h"
#include "domain/objects/reading.h"
#include "domain/objects/remote_object.h"
#include "domain/objects/scrubber.h"

namespace lakelift::objects {
namespace {

// A server that has just started has other things to read.
constexpr std::int64_t kFirstScrubSeconds = 300;
constexpr std::int64_t kSweepAgainSeconds = 60;  // after one that failed

std::unexpected<Error> broken() {
  return fail(Code::kCorrupt, "STORED_OBJECT_BROKEN", "the stored content is damaged; tell whoever runs the server");
}

std::unexpected<Error> gone() {
  return fail(Code::kGone, "STORED_OBJECT_GONE", "the stored content was replaced or deleted just now; ask again");
}

}  // namespace

class ObjectKeeper::Impl {
 public:
  Impl(const KeeperParts& given, KeeperOptions chosen)
      : parts(given),
        options(chosen),
        quarantine(parts.database, parts.ledger, owners, parts.clock, parts.metrics, !options.sole_owner),
        collector(parts, owners, pending, open_objects, quarantine, options.sole_owner),
        scrubber(parts, owners, quarantine, options.sole_owner) {
    if (parts.places == nullptr) return;
    book.emplace(parts.database, owners, *parts.places, parts.clock, storage::new_key(parts.random),
                 options.sole_owner);
    mover.emplace(Mover::Parts{parts, owners, *parts.places, *book, collector, quarantine, pending, open_objects,
                               options.sole_owner});
  }

  Result<std::shared_ptr<RandomAccess>> open(const Reference& reference);
  // What to answer of an object that is not what its row says.
  std::unexpected<Error> refuse(const Reference& reference, const std::string& problem, bool lasts);
  // Whether the log has not heard of it yet.
  bool is_news(const std::string& key);
  void keep_clean(std::stop_token stop);
  void keep_scrubbing(std::stop_token stop);
  // Waits until a scrub is asked for, or the pause is over: how fast it shall be. Nothing when it is stopped.
  std::optional<std::int64_t> next_scrub(std::chrono::seconds pause, std::stop_token stop);
  void start_scrub_thread();
  void keep_moving(std::stop_token stop);

  const KeeperParts parts;
  const KeeperOptions options;
  Owners owners;
  std::shared_ptr<PendingKeys> pending = std::make_shared<PendingKeys>();
  std::shared_ptr<OpenObjects> open_objects = std::make_shared<OpenObjects>();
  Quarantine quarantine;
  Collector collector;
  Scrubber scrubber;
  std::optional<PlaceBook> book;
  std::optional<Mover> mover;

  std::mutex mutex;  // of what follows
  std::condition_variable_any scrub_asked;
  std::condition_variable_any move_asked;
  bool is_move_asked = true;   // one may have been on its way when the last process ended
  std::set<std::string> told;  // damaged objects that are not quarantined
  bool is_scrub_asked = false;
  bool is_scrubbing = false;
  bool is_stopped = false;
  bool scrubs_in_background = false;
  std::jthread cleaning;
  std::jthread scrubbing;
  std::jthread moving;
};

bool ObjectKeeper::Impl::is_news(const std::string& key) {
  const std::lock_guard lock(mutex);
  if (told.size() >= limits::kScrubFindings) told.clear();
  return told.insert(key).second;
}

std::unexpected<Error> ObjectKeeper::Impl::refuse(const Reference& reference, const std::string& problem, bool lasts) {
  Result<bool> is_held = true;
  if (lasts) {
    is_held = quarantine.add(reference, problem);
  } else {
    is_held = parts.database.read([&](metadata::Session& session) -> Result<bool> {
      TRY(const auto held, owners.referenced(session, {reference.key}));
      return !held.empty();
    });
    if (is_held && *is_held && is_news(reference.key)) {
      log_error("a stored object is damaged", {{"object", reference.key}, {"problem", problem}});
    }
  }
  if (!is_held) {
    log_error("a damaged object could not be quarantined",
              {{"object", reference.key}, {"problem", problem}, {"error", describe(is_held.error())}});
  }
  if (is_held && !*is_held) return gone();
  return broken();
}

Result<std::shared_ptr<RandomAccess>> ObjectKeeper::Impl::open(const Reference& reference) {
  if (quarantine.has(reference.key)) return broken();
  auto opened = parts.store.open(reference.key);
  // With others on the same database it may lie in the folder of another server: that is no reason to quarantine it.
  // And what a remote store says may be wrong for a moment: the scrub looks twice.
  const bool is_sure = options.sole_owner && !parts.store.is_remote();
  if (!opened && opened.error().code == Code::kNotFound) return refuse(reference, "missing", is_sure);
  if (!opened && opened.error().code == Code::kCorrupt) return refuse(reference, opened.error().message, true);
  if (!opened) return std::unexpected(opened.error());
  if (const auto problem = find_size_problem(**opened, reference)) {
    return refuse(reference, *problem, !parts.store.is_remote());
  }
  if ((*opened)->local_fd() >= 0 || !parts.store.is_remote()) return *std::move(opened);
  return std::make_shared<RemoteObject>(*std::move(opened), reference, open_objects->hold(reference.key));
}

void ObjectKeeper::Impl::keep_clean(std::stop_token stop) {
  Micros sweep_at = parts.clock.monotonic();
  while (!stop.stop_requested()) {
    const bool rung = collector.wake().take();
    const Micros now = parts.clock.monotonic();
    if (now >= sweep_at) {
      const auto swept = collector.sweep(stop);
      if (!swept) log_warning("the sweep for orphans did not end", {{"error", describe(swept.error())}});
      sweep_at = now + (swept ? limits::kSweepSeconds : kSweepAgainSeconds) * kMicrosPerSecond;
    } else if (rung || collector.has_leftovers()) {
      const auto collected = collector.collect(stop);
      if (!collected) log_warning("what was discarded is not removed yet", {{"error", describe(collected.error())}});
    }
    collector.wake().wait(stop, std::chrono::milliseconds(limits::kCollectorTickMs));
  }
}

std::optional<std::int64_t> ObjectKeeper::Impl::next_scrub(std::chrono::seconds pause, std::stop_token stop) {
  std::unique_lock lock(mutex);
  const auto asked = [&] { return is_scrub_asked; };
  if (scrubs_in_background) {
    scrub_asked.wait_for(lock, stop, pause, asked);
  } else {
    scrub_asked.wait(lock, stop, asked);
  }
  if (stop.stop_requested()) return std::nullopt;
  is_scrubbing = true;
  return std::exchange(is_scrub_asked, false) ? 0 : options.scrub_bytes_per_second;
}

void ObjectKeeper::Impl::keep_scrubbing(std::stop_token stop) {
  auto pause = std::chrono::seconds(kFirstScrubSeconds);
  while (const auto bytes_per_second = next_scrub(pause, stop)) {
    const auto scrubbed = scrubber.scrub(*bytes_per_second, stop);
    if (!scrubbed && !stop.stop_requested()) {
      log_error("the scrub did not come to an end", {{"error", describe(scrubbed.error())}});
    }
    pause = std::chrono::seconds(limits::kScrubPauseSeconds);
    const std::lock_guard lock(mutex);
    is_scrubbing = false;
  }
}

void ObjectKeeper::Impl::start_scrub_thread() {
  if (!scrubbing.joinable()) scrubbing = std::jthread([this](std::stop_token stop) { keep_scrubbing(stop); });
}

// A pass, and another one as long as something is left: what is being uploaded or read just now, or could not be
// copied.
void ObjectKeeper::Impl::keep_moving(std::stop_token stop) {
  auto pause = std::chrono::milliseconds(limits::kMovePauseMs);
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex);
      const auto asked = [&] { return is_move_asked; };
      if (options.sole_owner) {
        move_asked.wait(lock, stop, asked);
      } else {  // another server may have begun one, and ended
        move_asked.wait_for(lock, stop, std::chrono::milliseconds(limits::kMostMovePauseMs), asked);
      }
      is_move_asked = false;
    }
    while (!stop.stop_requested()) {
      const std::int64_t before = mover->report().objects;
      const auto moved = mover->pass(stop);
      if (stop.stop_requested() || (moved && *moved)) break;
      if (!moved) log_warning("the move of content did not end yet", {{"error", describe(moved.error())}});
      pause = mover->report().objects > before
                  ? std::chrono::milliseconds(limits::kMovePauseMs)
                  : std::min(pause * 2, std::chrono::milliseconds(limits::kMostMovePauseMs));
      std::unique_lock lock(mutex);
      move_asked.wait_for(lock, stop, pause, [&] { return is_move_asked; });
      is_move_asked = false;
    }
  }
}

ObjectKeeper::ObjectKeeper(KeeperParts parts, KeeperOptions options) : impl_(std::make_unique<Impl>(parts, options)) {}
ObjectKeeper::~ObjectKeeper() { stop(); }

void ObjectKeeper::add_owner(ObjectOwner& owner) { impl_->owners.add(owner); }

Result<void> ObjectKeeper::start() {
  TRY_VOID(impl_->quarantine.load());
  if (impl_->book) TRY_VOID(impl_->book->load());
  const std::lock_guard lock(impl_->mutex);
  if (impl_->cleaning.joinable()) return {};
  impl_->is_stopped = false;
  impl_->cleaning = std::jthread([impl = impl_.get()](std::stop_token stop) { impl->keep_clean(stop); });
  if (impl_->mover)
    impl_->moving = std::jthread([impl = impl_.get()](std::stop_token stop) { impl->keep_moving(stop); });
  impl_->scrubs_in_background = impl_->options.scrub_bytes_per_second > 0;
  if (impl_->scrubs_in_background) impl_->start_scrub_thread();
  impl_->scrub_asked.notify_all();
  return {};
}

void ObjectKeeper::stop() {
  std::jthread cleaning;
  std::jthread scrubbing;
  std::jthread moving;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopped = true;
    cleaning.swap(impl_->cleaning);
    scrubbing.swap(impl_->scrubbing);
    moving.swap(impl_->moving);
  }
  cleaning.request_stop();
  scrubbing.request_stop();
  moving.request_stop();
}

std::unique_ptr<PendingObject> ObjectKeeper::begin() {
  return std::make_unique<PendingKey>(impl_->pending, storage::new_key(impl_->parts.random));
}

Result<storage::ObjectInfo> ObjectKeeper::publish(std::unique_ptr<storage::StagedObject> staged,
                                                  const PendingObject& pending) {
  if (impl_->book) impl_->book->refresh_when_due();
  return impl_->parts.store.publish(std::move(staged), pending.key());
}

void ObjectKeeper::abandon(const PendingObject& pending) {
  // Asked in a write: one that is still on its way to its commit comes before this one.
  const auto held = impl_->parts.database.write(
      [&](metadata::Transaction& tx) { return impl_->owners.referenced(tx, {pending.key()}); });
  if (held && !held->empty()) return;
  const Result<void> removed = held ? impl_->parts.store.remove(pending.key()) : std::unexpected(held.error());
  if (!removed) {
    log_warning("an object that nobody needs stays for the sweep",
                {{"object", pending.key()}, {"error", describe(removed.error())}});
  }
}

Result<std::shared_ptr<RandomAccess>> ObjectKeeper::open(const Reference& reference) { return impl_->open(reference); }

Result<std::shared_ptr<RandomAccess>> ObjectKeeper::open_verified(const Reference& reference, std::stop_token stop) {
  TRY(auto object, impl_->open(reference));
  if (object->local_fd() < 0 && impl_->parts.store.is_remote()) {
    auto copy = local_copy(impl_->parts.store, *object, reference, stop);
    if (!copy && copy.error().code == Code::kCorrupt) {  // the wire, perhaps: the scrub finds what lasts
      TRY(object, impl_->open(reference));
      copy = local_copy(impl_->parts.store, *object, reference, stop);
    }
    return copy;
  }
  TRY(const auto problem, find_problem(*object, reference, [&](std::uint64_t) -> Result<void> {
        if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while the stored content was verified");
        return {};
      }));
  if (problem) return impl_->refuse(reference, *problem, true);
  return object;
}

Result<void> ObjectKeeper::discard(metadata::Transaction& transaction, const std::vector<std::string>& keys) {
  return impl_->collector.discard(transaction, keys);
}

Result<bool> ObjectKeeper::is_referenced(metadata::Session& session, const std::string& key) {
  TRY(const auto held, impl_->owners.referenced(session, {key}));
  return !held.empty();
}

Result<std::int64_t> ObjectKeeper::collect() { return impl_->collector.collect(); }
Result<Swept> ObjectKeeper::sweep() { return impl_->collector.sweep(); }

Result<MoveReport> ObjectKeeper::start_move(const std::string& name, std::optional<std::int64_t> actor) {
  if (!impl_->book || !impl_->parts.places->find(name)) {
    return fail(Code::kInvalid, "STORAGE_NOT_CONFIGURED",
                "this server knows no storage of that address: start it with --storage naming it too",
                {{"to", {"This server knows no storage of that address."}}});
  }
  const auto begun = impl_->parts.database.write([&](metadata::Transaction& tx) -> Result<bool> {
    TRY(const bool moves, impl_->book->move_to(tx, name));
    if (!moves) return false;
    ledger::Entry entry;
    entry.kind = "storage.move_started";
    entry.actor = actor;
    entry.subject_kind = "storage";
    entry.subject_id = name;
    TRY(const std::string id, impl_->parts.ledger.append(tx, entry));
    return true;
  });
  if (!begun) return std::unexpected(begun.error());
  if (*begun) {
    impl_->mover->announce();
    const std::lock_guard lock(impl_->mutex);
    impl_->is_move_asked = true;
  }
  impl_->move_asked.notify_all();
  return move_report();
}

MoveReport ObjectKeeper::move_report() { return impl_->mover ? impl_->mover->report() : MoveReport{}; }

Result<bool> ObjectKeeper::move(std::stop_token stop) {
  if (!impl_->mover) return true;
  return impl_->mover->pass(stop);
}

Result<std::optional<std::string>> ObjectKeeper::signed_address(const Reference& reference,
                                                                const storage::SignedTerms& terms) {
  if (impl_->quarantine.has(reference.key)) return broken();
  return impl_->parts.store.signed_address(reference.key, terms);
}

ScrubReport ObjectKeeper::start_scrub() {
  ScrubReport report;
  {
    const std::lock_guard lock(impl_->mutex);
    // One that has just ended may still be counted as running by its thread.
    const bool is_running = impl_->is_scrubbing && impl_->scrubber.report().is_running;
    if (!impl_->is_stopped && !is_running) {
      impl_->is_scrub_asked = true;
      impl_->scrubber.announce();
      impl_->start_scrub_thread();
    } else {
      impl_->scrubber.hurry();
    }
    report = impl_->scrubber.report();  // before it can have ended
  }
  impl_->scrub_asked.notify_all();
  return report;
}

ScrubReport ObjectKeeper::scrub_report() { return impl_->scrubber.report(); }

Result<ScrubReport> ObjectKeeper::scrub(std::int64_t bytes_per_second, std::stop_token stop) {
  return impl_->scrubber.scrub(bytes_per_second, stop);
}

}  // namespace lakelift::objects
