// The objects that are no longer what was stored: in the database, and in memory for those who open objects.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "domain/objects/owners.h"

namespace lakelift::objects {

// Threadsafe.
class Quarantine {
 public:
  // `is_shared`: other servers may quarantine too.
  Quarantine(metadata::Database& database, const ledger::Ledger& ledger, const Owners& owners, const Clock& clock,
             Metrics& metrics, bool is_shared);

  [[nodiscard]] Result<void> load();
  // Costs nothing; on a shared database a look at the table at most once a second.
  [[nodiscard]] bool has(const std::string& key);
  [[nodiscard]] std::int64_t size();
  // Writes it down, with an entry in the ledger, and says so in the log, once. False where no row refers to the object
  // (any more): it was discarded meanwhile, nothing is wrong.
  [[nodiscard]] Result<bool> add(const Reference& reference, const std::string& problem);
  // It was read through and is what was stored: somebody has brought it back. Fine where it is not quarantined.
  [[nodiscard]] Result<void> release(const Reference& reference);
  // In the transaction that forgets discarded objects.
  [[nodiscard]] Result<void> forget(metadata::Transaction& transaction, const std::vector<std::string>& keys);

 private:
  void refresh_when_due();
  void tell_size(std::size_t size);

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  const Owners& owners_;
  const Clock& clock_;
  Metrics& metrics_;
  const bool is_shared_;
  std::mutex mutex_;
  std::set<std::string> keys_;
  std::uint64_t changes_ = 0;  // of keys_ by this process: a list that was read before one of them is stale
  Micros looked_at_ = 0;       // monotonic
};

}  // namespace lakelift::objects
