// Looks in the background whether the data of items have changed, and profiles those again that have.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "backends/metadata/database.h"
#include "base/clock.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/refresh_store.h"

namespace lakelift::catalogue {

struct RefresherOptions {
  int interval_seconds = limits::kSourceCheckSeconds;  // between two looks at one item
  // No other server uses the database: what is held was held by a process that is gone.
  bool sole_owner = true;
};

// Items are taken in turn, each held by a due time in the database while it is looked at: of many servers one does it.
// One that died with an item in hand keeps it from the others for limits::kRefreshClaimSeconds. After failures the item
// is looked at ever more seldom, up to limits::kRefreshBackoffSeconds. Threadsafe.
class Refresher {
 public:
  Refresher(metadata::Database& database, CatalogueService& catalogue, const Clock& clock, RefresherOptions options);
  ~Refresher();  // stop()

  // A thread of its own from here on.
  void start();
  // Cancels a look that goes on, gives the item back and joins.
  void stop();
  // Looks at the item that is due for longest. False where none is due. Errors of the database only: what is wrong
  // with an item is written into it. Called by the thread; by tests without one.
  [[nodiscard]] Result<bool> refresh_next(std::stop_token stop);

 private:
  void work(std::stop_token stop);
  [[nodiscard]] Result<void> settle(const RefreshClaim& claim, const Result<bool>& refreshed);
  [[nodiscard]] Micros pause_after(std::int64_t failures) const;

  metadata::Database& database_;
  CatalogueService& catalogue_;
  const Clock& clock_;
  const RefresherOptions options_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace lakelift::catalogue
