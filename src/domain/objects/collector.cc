#include "domain/objects/collector.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "base/transfer_limits.h"

namespace lakelift::objects {
namespace {

constexpr std::size_t kRowsPerInsert = 200;

Result<void> forget_discarded(metadata::Transaction& tx, const std::vector<std::string>& keys) {
  for (const auto& key : keys) TRY_VOID(tx.exec("DELETE FROM objects_discarded WHERE key = ?", {key}));
  return {};
}

Result<void> insert_discarded(metadata::Transaction& tx, std::span<const std::string> keys, Micros now) {
  std::string sql = "INSERT INTO objects_discarded (key, since) VALUES ";
  metadata::Params params;
  for (const auto& key : keys) {
    sql += params.empty() ? "(?, ?)" : ", (?, ?)";
    params.emplace_back(key);
    params.emplace_back(now);
  }
  TRY_VOID(tx.exec(sql + " ON CONFLICT DO NOTHING", params));
  return {};
}

}  // namespace

Collector::Collector(const KeeperParts& parts, const Owners& owners, std::shared_ptr<PendingKeys> pending,
                     std::shared_ptr<OpenObjects> open, Quarantine& quarantine, bool sole_owner)
    : parts_(parts),
      owners_(owners),
      pending_(std::move(pending)),
      open_(std::move(open)),
      quarantine_(quarantine),
      sole_owner_(sole_owner) {}

Result<void> Collector::discard(metadata::Transaction& transaction, const std::vector<std::string>& keys) {
  if (keys.empty()) return {};
  for (const auto& key : keys) {
    if (!storage::is_key(key)) return fail(Code::kInternal, "discarded something that is no key of an object");
  }
  const Micros now = parts_.clock.now();
  for (std::size_t from = 0; from < keys.size(); from += kRowsPerInsert) {
    const auto some = std::span(keys).subspan(from, std::min(kRowsPerInsert, keys.size() - from));
    TRY_VOID(insert_discarded(transaction, some, now));
  }
  transaction.after_commit([wake = wake_] { wake->ring(); });
  return {};
}

Result<Collector::Batch> Collector::take_batch(metadata::Transaction& tx, const std::string& after) {
  TRY(const auto rows,
      (tx.rows<std::string, std::int64_t>("SELECT key, since FROM objects_discarded WHERE key > ? ORDER BY key LIMIT ?",
                                          {after, limits::kCollectorBatch})));
  Batch batch;
  if (rows.size() == static_cast<std::size_t>(limits::kCollectorBatch)) batch.next = std::get<0>(rows.back());
  std::vector<std::string> keys;
  for (const auto& [key, since] : rows) {
    // Whoever publishes may yet repeat the transaction that refers to it; whoever reads from a remote store would be
    // cut off.
    if (pending_->has(key) || open_->has(key) || others_may_read(since)) {
      batch.is_all = false;
    } else {
      keys.push_back(key);
    }
  }
  TRY(const auto held, owners_.referenced(tx, keys));
  std::vector<std::string> stay;
  for (auto& key : keys) (held.contains(key) ? stay : batch.free).push_back(std::move(key));
  TRY_VOID(forget_discarded(tx, stay));
  return batch;
}

// Of another server we don't know what it reads.
bool Collector::others_may_read(Micros since) const {
  return !sole_owner_ && parts_.store.is_remote() &&
         parts_.clock.now() - since < limits::kOpenGraceSeconds * kMicrosPerSecond;
}

// The race that this order is about: while an object is removed, somebody makes a new reference to it (a copy of a
// file, a kept slice). It can't happen. A new reference is made only in a write transaction that sees another one, and
// write transactions come one after the other. Once one of them (take_batch) has seen a key without any reference, the
// next finds none either, so it makes none, and so on for ever: the key is free, however long the removal takes.
//
// A crash at any point repeats: before the removal and after it the rows are still there, and removing what is not
// there is fine. What is gone from the rows but comes back on the disk (a removal is not synced) is an orphan.
Result<std::int64_t> Collector::collect(std::stop_token stop) {
  const std::lock_guard one_at_a_time(collecting_);
  leftovers_ = true;  // unless this comes to its end
  bool is_all = true;
  std::int64_t count = 0;
  std::string after;
  do {
    TRY(const auto any, parts_.database.read([&](metadata::Session& session) {
      return session.row<std::string>("SELECT key FROM objects_discarded WHERE key > ? LIMIT 1", {after});
    }));
    if (!any) {
      after.clear();
      break;
    }
    TRY(const Batch batch, parts_.database.write([&](metadata::Transaction& tx) { return take_batch(tx, after); }));
    const auto removed = remove_all(batch.free);
    is_all = is_all && batch.is_all && removed.size() == batch.free.size();
    TRY_VOID(forget(removed));
    count += static_cast<std::int64_t>(removed.size());
    after = batch.next;
  } while (!after.empty() && !stop.stop_requested());
  leftovers_ = !is_all || !after.empty();
  if (count > 0) {
    parts_.metrics.add("lakelift_objects_collected_total", "Discarded objects that were removed.", {},
                       static_cast<double>(count));
  }
  return count;
}

Result<void> Collector::forget(const std::vector<std::string>& keys) {
  if (keys.empty()) return {};
  return parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(quarantine_.forget(tx, keys));
    return forget_discarded(tx, keys);
  });
}

// Those that could be removed.
std::vector<std::string> Collector::remove_all(const std::vector<std::string>& keys) {
  if (parts_.store.is_remote() && parts_.store.remove_all(keys)) return keys;  // fewer calls
  std::vector<std::string> removed;
  for (const auto& key : keys) {
    if (const auto done = parts_.store.remove(key); done) {
      removed.push_back(key);
    } else {
      log_warning("an object could not be removed yet", {{"object", key}, {"error", describe(done.error())}});
    }
  }
  return removed;
}

Result<void> Collector::sweep_page(const storage::ObjectPage& page, Swept& swept) {
  // The order is the point: first the listing, then the pending keys, then the database. A key that is listed and not
  // pending has had its transaction (a key is pending before its object is there, and until its transaction is over),
  // so the database, asked after that, knows of it. Asked before, it might not have known of it yet.
  const Micros now = parts_.clock.now();
  std::vector<const storage::ObjectInfo*> candidates;
  std::vector<std::string> keys;
  for (const auto& object : page.objects) {
    const bool is_old = now - object.modified > limits::kOrphanGraceSeconds * kMicrosPerSecond;
    if ((!sole_owner_ && !is_old) || pending_->has(object.key) || open_->has(object.key)) continue;
    candidates.push_back(&object);
    keys.push_back(object.key);
  }
  if (keys.empty()) return {};
  TRY(const auto held,
      parts_.database.read([&](metadata::Session& session) { return owners_.referenced(session, keys); }));
  for (const auto* object : candidates) {
    if (held.contains(object->key)) continue;
    if (remove_all({object->key}).empty()) continue;
    if (quarantine_.has(object->key)) TRY_VOID(forget({object->key}));
    ++swept.orphans;
    swept.bytes += static_cast<std::int64_t>(object->size_bytes);
  }
  return {};
}

Result<Swept> Collector::sweep(std::stop_token stop) {
  const std::lock_guard one_at_a_time(sweeping_);
  Swept swept;
  TRY_VOID(collect(stop));  // what was discarded is no orphan
  // The data folder is this process's alone (its lock), and the store leaves alone what is being filled.
  TRY(const std::size_t staged, parts_.store.sweep_staged());
  swept.staged = static_cast<std::int64_t>(staged);
  std::string after;
  do {
    TRY(const auto page, parts_.store.list(after, limits::kCollectorBatch));
    TRY_VOID(sweep_page(page, swept));
    after = page.next;
  } while (!after.empty() && !stop.stop_requested());
  if (swept.orphans > 0) {
    parts_.metrics.add("lakelift_orphans_removed_total", "Objects that nobody referred to and that were removed.", {},
                       static_cast<double>(swept.orphans));
  }
  if (swept.orphans > 0 || swept.staged > 0) {
    log_info("removed objects that nobody refers to",
             {{"orphans", swept.orphans}, {"bytes", swept.bytes}, {"unfinished", swept.staged}});
  }
  return swept;
}

}  // namespace lakelift::objects
