// Moves content from the places that it leaves to the current one, while the server serves.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/storage/places.h"
#include "domain/objects/collector.h"
#include "domain/objects/object_keeper.h"
#include "domain/objects/open_objects.h"
#include "domain/objects/owners.h"
#include "domain/objects/pending_keys.h"
#include "domain/objects/place_book.h"
#include "domain/objects/quarantine.h"

namespace lakelift::objects {

// Each object is read, compared with its SHA-256, published in the new place under its key, and only then removed from
// the old one: it can be read at every moment, and a crash at any point is gone on from. Threadsafe.
class Mover {
 public:
  struct Parts {
    const KeeperParts& keeper;
    const Owners& owners;
    storage::Places& places;
    PlaceBook& book;
    Collector& collector;
    Quarantine& quarantine;
    std::shared_ptr<PendingKeys> pending;
    std::shared_ptr<OpenObjects> open;
    bool sole_owner = true;
  };
  explicit Mover(Parts parts) : parts_(std::move(parts)) {}

  // One pass through all places that content leaves; true: there is nothing left to move. Errors: the book's;
  // kCancelled.
  [[nodiscard]] Result<bool> pass(std::stop_token stop);
  // Says that one is about to begin.
  void announce();
  [[nodiscard]] MoveReport report();

 private:
  enum class Outcome {
    kMoved,   // it is in the new place, and no more in the old one
    kCopied,  // it is in the new place, and still in the old one
    kStays,   // not yet: somebody is at it
    kFailed,
  };
  // What became of a place's objects in a pass.
  struct Tally {
    std::atomic<std::int64_t> left = 0;    // still in the old place
    std::atomic<std::int64_t> copied = 0;  // in this pass
  };
  [[nodiscard]] Result<bool> pass_through(const std::string& name, storage::ObjectStore& from, std::stop_token stop);
  [[nodiscard]] Result<void> count_all(const std::vector<std::string>& names, std::stop_token stop);
  [[nodiscard]] Result<void> move_page(storage::ObjectStore& from, const storage::ObjectPage& page, Tally& tally,
                                       std::stop_token stop);
  [[nodiscard]] Outcome move_one(storage::ObjectStore& from, const Reference& reference, Tally& tally,
                                 std::stop_token stop);
  [[nodiscard]] Result<bool> copy(storage::ObjectStore& from, storage::ObjectStore& to, const Reference& reference,
                                  std::stop_token stop);
  [[nodiscard]] Result<bool> is_whole_there(storage::ObjectStore& to, const Reference& reference, std::stop_token stop);
  [[nodiscard]] Result<bool> is_referenced(const std::string& key);
  [[nodiscard]] bool may_remove(const storage::ObjectStore& from) const;
  void note_problem(const Reference& reference, const Error& error);

  const Parts parts_;
  std::mutex passing_;  // one at a time
  std::mutex mutex_;    // of what follows
  MoveReport report_;
  bool is_counted_ = false;
  std::set<std::string> whole_there_;  // copied, or read through in the new place, and still in the old one
  std::optional<Micros> settled_at_;   // when a pass found nothing more to copy; monotonic
};

}  // namespace lakelift::objects
