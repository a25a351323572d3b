// What becomes of stored objects: published under a fresh key, opened when they are whole, collected when nobody refers
// to them, read through from time to time, quarantined when they are no longer what they were.
//
//   const auto pending = keeper.begin();                            // a fresh key that no sweep takes
//   TRY(const ObjectInfo info, keeper.publish(std::move(staged), pending));
//   auto stored = database.write([&](Transaction& tx) { … a row that refers to info.key … });
//   if (!stored) keeper.abandon(pending);                           // unless a row does refer to it after all
//
// and in the transaction that gives up a reference: TRY_VOID(keeper.discard(tx, {key}));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "backends/storage/object_store.h"
#include "backends/storage/places.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/random_access.h"
#include "domain/objects/object_owner.h"

namespace lakelift::objects {

// A key on its way to be referred to: no sweep of this process takes its object while this lives.
class PendingObject {
 public:
  virtual ~PendingObject() = default;
  [[nodiscard]] virtual const std::string& key() const = 0;
};

struct Swept {
  std::int64_t orphans = 0;  // objects that nobody referred to
  std::int64_t bytes = 0;
  std::int64_t staged = 0;  // unfinished files
};

struct Finding {
  std::string key;
  std::string problem;                // "missing", "4 bytes where 5 were stored", "other bytes than were stored"
  std::vector<std::string> subjects;  // ObjectOwner::subjects
};

struct ScrubReport {
  bool is_running = false;
  std::optional<Micros> started_at;
  std::optional<Micros> finished_at;  // of the last whole one; nothing while the first goes on
  std::int64_t objects = 0;           // looked at by the one that runs, or by the last
  std::int64_t bytes = 0;
  std::int64_t objects_total = 0;
  std::int64_t bytes_total = 0;
  std::vector<Finding> findings;  // the first limits::kScrubFindings
  std::int64_t quarantined = 0;   // in all, now
};

struct MoveReport {
  bool is_running = false;
  std::string to;                 // where new content goes
  std::vector<std::string> from;  // what it leaves
  std::optional<Micros> started_at;
  std::optional<Micros> finished_at;  // of the last one that came to its end
  std::int64_t objects = 0;           // copied by this process
  std::int64_t bytes = 0;
  std::int64_t objects_total = 0;  // that were to be moved when it began
  std::int64_t bytes_total = 0;
  std::vector<Finding> problems;  // of the pass that runs, or of the last: what could not be moved yet
};

struct KeeperOptions {
  // Whether no other process stores objects of this database: orphans are swept as soon as this process does not know
  // them; else only when they are limits::kOrphanGraceSeconds old.
  bool sole_owner = true;
  std::int64_t scrub_bytes_per_second = limits::kScrubBytesPerSecond;  // in the background; 0: none
};

struct KeeperParts {
  metadata::Database& database;
  const ledger::Ledger& ledger;
  storage::ObjectStore& store;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
  storage::Places* places = nullptr;  // the store, where content can be moved
};

// Threadsafe.
class ObjectKeeper {
 public:
  ObjectKeeper(KeeperParts parts, KeeperOptions options);
  ~ObjectKeeper();  // stop()
  ObjectKeeper(const ObjectKeeper&) = delete;
  ObjectKeeper& operator=(const ObjectKeeper&) = delete;

  // Before start(); owners outlive this or stop() comes first.
  void add_owner(ObjectOwner& owner);
  // Sweeps orphans, then collects, sweeps, scrubs and moves, all in the background. Errors: the quarantine could not be
  // read; those of PlaceBook::load.
  [[nodiscard]] Result<void> start();
  void stop();

  [[nodiscard]] std::unique_ptr<PendingObject> begin();
  // Errors: the store's.
  [[nodiscard]] Result<storage::ObjectInfo> publish(std::unique_ptr<storage::StagedObject> staged,
                                                    const PendingObject& pending);
  // After a transaction that failed, or of which nobody knows: removes the object unless a row refers to it. Not inside
  // a transaction.
  void abandon(const PendingObject& pending);
  // The object, as it was recorded. Not inside a transaction. Errors: kCorrupt STORED_OBJECT_BROKEN: it is quarantined,
  // missing, or of another size; what is missing or of another size is quarantined by this (what is missing only for a
  // sole owner: it may lie in the folder of another server). kGone STORED_OBJECT_GONE: no row refers to it any more;
  // who reads its row again learns what became of it.
  [[nodiscard]] Result<std::shared_ptr<RandomAccess>> open(const Reference& reference);
  // As open(), and reads it through first: what a worker reads. A wrong one is quarantined. From a remote store it is a
  // copy on this machine, with a local_fd(); there a wrong one is CORRUPT STORED_OBJECT_CHANGED, and left to the scrub.
  [[nodiscard]] Result<std::shared_ptr<RandomAccess>> open_verified(const Reference& reference, std::stop_token stop);

  // In the transaction that gives up references to these keys (others may still refer to them): they are collected
  // soon after the commit, unless somebody refers to them then. Repeatable after a crash.
  [[nodiscard]] Result<void> discard(metadata::Transaction& transaction, const std::vector<std::string>& keys);
  // Whether any row refers to the key: asked in the transaction that makes another reference to the same object.
  [[nodiscard]] Result<bool> is_referenced(metadata::Session& session, const std::string& key);

  // Removes what was discarded and is referred to by nobody; how many objects. For the background and tests.
  [[nodiscard]] Result<std::int64_t> collect();
  [[nodiscard]] Result<Swept> sweep();
  // Content goes to the place `name` from now on, and all that is elsewhere is moved there in the background, also
  // after a restart. Errors: kInvalid STORAGE_NOT_CONFIGURED; the database's.
  [[nodiscard]] Result<MoveReport> start_move(const std::string& name, std::optional<std::int64_t> actor);
  [[nodiscard]] MoveReport move_report();
  // One pass of a move on this thread; true: there is nothing left to move. What the background does, for tests.
  [[nodiscard]] Result<bool> move(std::stop_token stop);
  // Where whoever has it may read the object for a while, from the storage itself; nothing where it gives none. Errors:
  // those of open() that need no look at the object.
  [[nodiscard]] Result<std::optional<std::string>> signed_address(const Reference& reference,
                                                                  const storage::SignedTerms& terms);
  // Starts one at full speed, or lets the one that runs go on at full speed.
  [[nodiscard]] ScrubReport start_scrub();
  [[nodiscard]] ScrubReport scrub_report();
  // One whole scrub on this thread, at `bytes_per_second` (0: full speed). What start_scrub and the background run.
  [[nodiscard]] Result<ScrubReport> scrub(std::int64_t bytes_per_second, std::stop_token stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of objects

}  // namespace lakelift::objects
