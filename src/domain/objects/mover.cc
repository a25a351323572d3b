#include "domain/objects/mover.h"

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "base/transfer_limits.h"
#include "domain/objects/reading.h"
#include "domain/objects/remote_object.h"

namespace lakelift::objects {
namespace {

std::unexpected<Error> stopped() { return fail(Code::kCancelled, "the move was stopped; it goes on with the server"); }

}  // namespace

void Mover::announce() {
  const std::lock_guard lock(mutex_);
  const auto finished = report_.finished_at;
  report_ = {};
  report_.is_running = true;
  report_.to = parts_.places.current_name();
  report_.started_at = parts_.keeper.clock.now();
  report_.finished_at = finished;
  is_counted_ = false;
  whole_there_.clear();
  settled_at_.reset();
}

MoveReport Mover::report() {
  const std::lock_guard lock(mutex_);
  MoveReport out = report_;
  out.to = parts_.places.current_name();
  return out;
}

Result<void> Mover::count_all(const std::vector<std::string>& names, std::stop_token stop) {
  std::int64_t objects = 0;
  std::int64_t bytes = 0;
  for (const auto& name : names) {
    std::string after;
    do {
      if (stop.stop_requested()) return stopped();
      TRY(const auto page, parts_.places.find(name)->list(after, limits::kCollectorBatch));
      for (const auto& object : page.objects) bytes += static_cast<std::int64_t>(object.size_bytes);
      objects += static_cast<std::int64_t>(page.objects.size());
      after = page.next;
    } while (!after.empty());
  }
  const std::lock_guard lock(mutex_);
  report_.objects_total = objects;
  report_.bytes_total = bytes;
  is_counted_ = true;
  return {};
}

Result<bool> Mover::pass(std::stop_token stop) {
  const std::lock_guard one_at_a_time(passing_);
  TRY(const auto names, parts_.book.leaving());
  bool is_counted = false;
  {
    const std::lock_guard lock(mutex_);
    if (!names.empty() && !report_.is_running) {  // one that went on when the last process ended
      report_.is_running = true;
      report_.started_at = parts_.keeper.clock.now();
    }
    report_.from = names;
    report_.problems.clear();
    is_counted = is_counted_;
  }
  if (!is_counted) TRY_VOID(count_all(names, stop));
  bool is_all = true;
  for (const auto& name : names) {
    TRY(const bool is_empty, pass_through(name, *parts_.places.find(name), stop));
    is_all = is_all && is_empty;
  }
  if (!is_all) return false;
  const std::lock_guard lock(mutex_);
  if (report_.is_running) {
    report_.is_running = false;
    report_.finished_at = parts_.keeper.clock.now();
    log_info("all content has moved", {{"to", parts_.places.current_name()}, {"objects", report_.objects}});
  }
  return true;
}

// True: there is nothing left in it.
Result<bool> Mover::pass_through(const std::string& name, storage::ObjectStore& from, std::stop_token stop) {
  Tally tally;
  std::string after;
  bool is_empty = true;
  do {
    if (stop.stop_requested()) return stopped();
    TRY(const bool is_ours, parts_.book.lease(name));
    if (!is_ours) return false;  // another server does it
    TRY(const auto page, from.list(after, limits::kCollectorBatch));
    is_empty = is_empty && page.objects.empty();
    TRY_VOID(move_page(from, page, tally, stop));
    after = page.next;
  } while (!after.empty());
  if (tally.copied == 0 && tally.left > 0) {
    const std::lock_guard lock(mutex_);
    if (!settled_at_) settled_at_ = parts_.keeper.clock.monotonic();
  }
  // What was being published to it while we listed is found by another look.
  if (!is_empty) return false;
  const auto written = parts_.keeper.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(parts_.book.left(tx, name));
    ledger::Entry entry;
    entry.kind = "storage.left";
    entry.subject_kind = "storage";
    entry.subject_id = name;
    TRY(const std::string id, parts_.keeper.ledger.append(tx, entry));
    return {};
  });
  if (!written) return std::unexpected(written.error());
  log_info("a place of content is empty now, and can be left out of `storage`", {{"storage", name}});
  return true;
}

Result<void> Mover::move_page(storage::ObjectStore& from, const storage::ObjectPage& page, Tally& tally,
                              std::stop_token stop) {
  if (page.objects.empty()) return {};
  Swept swept;
  TRY_VOID(parts_.collector.sweep_page(page, swept));
  std::vector<std::string> keys;
  for (const auto& object : page.objects) keys.push_back(object.key);
  TRY(const auto held,
      parts_.keeper.database.read([&](metadata::Session& session) { return parts_.owners.referenced(session, keys); }));
  tally.left += static_cast<std::int64_t>(keys.size() - held.size()) - swept.orphans;
  std::vector<const Reference*> work;
  for (const auto& [key, reference] : held) work.push_back(&reference);
  std::atomic<std::size_t> next = 0;
  const auto take = [&] {
    for (std::size_t i = next++; i < work.size() && !stop.stop_requested(); i = next++) {
      const Outcome outcome = move_one(from, *work[i], tally, stop);
      if (outcome != Outcome::kMoved) ++tally.left;
    }
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < limits::kMovesAtOnce && static_cast<std::size_t>(i) < work.size(); ++i) {
    helpers.emplace_back(take);
  }
  take();
  helpers.clear();
  return stop.stop_requested() ? stopped() : Result<void>{};
}

Result<bool> Mover::is_referenced(const std::string& key) {
  return parts_.keeper.database.write([&](metadata::Transaction& tx) -> Result<bool> {
    TRY(const auto held, parts_.owners.referenced(tx, {key}));
    return !held.empty();
  });
}

// Another server may be reading from a remote place what we have copied: it gets some time for it.
bool Mover::may_remove(const storage::ObjectStore& from) const {
  if (parts_.sole_owner || !from.is_remote()) return true;
  return settled_at_ && parts_.keeper.clock.monotonic() - *settled_at_ > limits::kOpenGraceSeconds * kMicrosPerSecond;
}

// A crash may have come between the copy and the removal: before the old one goes, the new one is read through.
Result<bool> Mover::is_whole_there(storage::ObjectStore& to, const Reference& reference, std::stop_token stop) {
  {
    const std::lock_guard lock(mutex_);
    if (whole_there_.contains(reference.key)) return true;
  }
  const auto there = to.open(reference.key);
  if (!there && there.error().code == Code::kNotFound) return false;
  if (!there) return std::unexpected(there.error());
  TRY(const auto problem, find_problem(**there, reference, [&](std::uint64_t) -> Result<void> {
        return stop.stop_requested() ? stopped() : Result<void>{};
      }));
  if (problem) TRY_VOID(to.remove(reference.key));
  return !problem;
}

// Whether it was not there yet.
Result<bool> Mover::copy(storage::ObjectStore& from, storage::ObjectStore& to, const Reference& reference,
                         std::stop_token stop) {
  TRY(const bool is_there, is_whole_there(to, reference, stop));
  if (is_there) return false;
  TRY(const auto object, from.open(reference.key));
  auto staged = staged_copy(to, *object, reference, stop);
  if (!staged && staged.error().code == Code::kCorrupt && from.is_remote()) {  // the wire, perhaps
    staged = staged_copy(to, *object, reference, stop);
  }
  if (!staged) return std::unexpected(std::move(staged).error());
  TRY_VOID(to.publish(*std::move(staged), reference.key));
  // Between the listing and here it may have been discarded, and removed everywhere.
  TRY(const bool is_held, is_referenced(reference.key));
  if (!is_held) TRY_VOID(to.remove(reference.key));
  return true;
}

Mover::Outcome Mover::move_one(storage::ObjectStore& from, const Reference& reference, Tally& tally,
                               std::stop_token stop) {
  const auto to = parts_.places.find(parts_.places.current_name());
  if (to.get() == &from) return Outcome::kStays;  // it became the current one again
  const auto copied = copy(from, *to, reference, stop);
  if (!copied && copied.error().code == Code::kNotFound) return Outcome::kMoved;  // removed meanwhile
  if (!copied) {
    if (!stop.stop_requested()) note_problem(reference, copied.error());
    return Outcome::kFailed;
  }
  if (*copied) {
    ++tally.copied;
    parts_.keeper.metrics.add("lakelift_objects_moved_total", "Objects copied from one storage to another.", {});
    const std::lock_guard lock(mutex_);
    ++report_.objects;
    report_.bytes += static_cast<std::int64_t>(reference.size_bytes);
  }
  if (from.is_remote() && (parts_.open->has(reference.key) || !may_remove(from))) {
    const std::lock_guard lock(mutex_);
    whole_there_.insert(reference.key);
    return Outcome::kCopied;
  }
  const auto removed = from.remove(reference.key);
  if (!removed) note_problem(reference, removed.error());
  return removed ? Outcome::kMoved : Outcome::kCopied;
}

void Mover::note_problem(const Reference& reference, const Error& error) {
  if (error.code == Code::kCorrupt) {
    if (const auto added = parts_.quarantine.add(reference, "other bytes than were stored"); added && !*added) return;
  }
  log_warning("an object could not be moved yet", {{"object", reference.key}, {"error", describe(error)}});
  const std::lock_guard lock(mutex_);
  if (report_.problems.size() < limits::kScrubFindings) report_.problems.push_back({reference.key, error.message, {}});
}

}  // namespace lakelift::objects
