// The search index of this server, kept up to date from the database: before each search it reads what has changed
// since the one before, by whichever server (one look at an index where nothing has).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>

#include "backends/metadata/database.h"
#include "base/clock.h"
#include "domain/accounts/account.h"
#include "domain/catalogue/search_index.h"

namespace lakelift::catalogue {

// Threadsafe.
class CatalogueIndex {
 public:
  CatalogueIndex(metadata::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Reads the whole catalogue on a thread of its own, so that the first search need not; the destructor
  // stops it.
  void warm_up();
  // What the caller may see of what the query asks for, as of now. Facets take limits::kFacetBudgetMs at the most.
  // Errors: kInvalid QUERY_DID_NOT_VALIDATE; the database's.
  [[nodiscard]] Result<SearchPage> search(SearchQuery query, const accounts::Account& caller);

 private:
  // Afterwards the index knows everything that was committed before the call.
  [[nodiscard]] Result<void> refresh(const std::stop_token& stop = {});
  [[nodiscard]] Result<bool> read_changes();  // false: there were none
  // Documents for items of a database that an older version wrote.
  [[nodiscard]] Result<void> write_missing();
  [[nodiscard]] Result<SearchReader> reader_for(const accounts::Account& caller);

  metadata::Database& database_;
  const Clock& clock_;
  SearchIndex index_;
  std::mutex refreshing_;
  bool is_complete_ = false;             // write_missing() is done; guarded by refreshing_
  std::atomic<bool> is_loaded_ = false;  // there was a time when the index knew everything
  std::atomic<std::int64_t> seen_ = -1;  // revision
  std::jthread warming_;
};

}  // namespace lakelift::catalogue
