// Removes what was discarded and what nobody ever referred to.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>

#include "domain/objects/object_keeper.h"
#include "domain/objects/open_objects.h"
#include "domain/objects/owners.h"
#include "domain/objects/pending_keys.h"
#include "domain/objects/quarantine.h"

namespace lakelift::objects {

// That there may be something to collect; outlives the keeper in transactions that have not committed yet.
class Wake {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    changed_.notify_all();
  }
  // Whether it was rung since the last take.
  [[nodiscard]] bool take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(rung_, false);
  }
  // Until it is rung, stopped, or this time is over.
  void wait(std::stop_token stop, std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, most, [&] { return rung_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool rung_ = false;
};

// Threadsafe.
class Collector {
 public:
  Collector(const KeeperParts& parts, const Owners& owners, std::shared_ptr<PendingKeys> pending,
            std::shared_ptr<OpenObjects> open, Quarantine& quarantine, bool sole_owner);

  [[nodiscard]] Result<void> discard(metadata::Transaction& transaction, const std::vector<std::string>& keys);
  // How many objects were removed. What is left when it is stopped is for the next one; so below.
  [[nodiscard]] Result<std::int64_t> collect(std::stop_token stop = {});
  [[nodiscard]] Result<Swept> sweep(std::stop_token stop = {});
  // Of a page that was just listed, what nobody refers to is removed; added up in `swept`.
  [[nodiscard]] Result<void> sweep_page(const storage::ObjectPage& page, Swept& swept);
  // Rung whenever something was discarded.
  [[nodiscard]] Wake& wake() { return *wake_; }
  // Whether the last collect() left something for later: an object that could not be removed, or is still pending.
  [[nodiscard]] bool has_leftovers() const { return leftovers_; }

 private:
  struct Batch {
    std::vector<std::string> free;  // nobody refers to them, and nobody ever will
    std::string next;               // empty: the last batch
    bool is_all = true;             // false: some are still pending
  };
  [[nodiscard]] Result<Batch> take_batch(metadata::Transaction& tx, const std::string& after);
  [[nodiscard]] bool others_may_read(Micros since) const;
  [[nodiscard]] std::vector<std::string> remove_all(const std::vector<std::string>& keys);
  // The rows of objects that are removed.
  [[nodiscard]] Result<void> forget(const std::vector<std::string>& keys);

  const KeeperParts parts_;
  const Owners& owners_;
  const std::shared_ptr<PendingKeys> pending_;
  const std::shared_ptr<OpenObjects> open_;
  Quarantine& quarantine_;
  const bool sole_owner_;
  const std::shared_ptr<Wake> wake_ = std::make_shared<Wake>();
  std::atomic<bool> leftovers_ = false;
  std::mutex collecting_;  // one at a time
  std::mutex sweeping_;
};

}  // namespace lakelift::objects
