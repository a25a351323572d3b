// Requests and their waiters in the database. Every change locks the request's row first, then its run's, so that two
// servers never wait for each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/slices/download_request.h"

namespace lakelift::slices::store {

struct NewRequest {
  std::string normal_key;
  std::int64_t item_id = 0;
  std::string source_version;
  table::SliceSpec spec;
  std::int64_t account_id = 0;
  std::int64_t estimated_bytes = 0;
  Micros now = 0;
};

struct Joined {
  std::int64_t request_id = 0;
  bool created = false;     // this call made it
  bool new_waiter = false;  // the account was not waiting before
};

// Makes the request, or joins the live one of the same normal key; the account waits for it from now on.
[[nodiscard]] Result<Joined> create_or_join(metadata::Transaction& tx, const NewRequest& asked);

// A request as stored; created_by of `request` is left to the caller, who knows accounts.
struct StoredRequest {
  DownloadRequest request;
  std::int64_t created_by = 0;
  std::string normal_key;
  std::string source_version;
  std::optional<std::int64_t> result_id;
};

[[nodiscard]] Result<std::optional<StoredRequest>> find_request(metadata::Session& session, std::int64_t id);
// Only if the account waits for it.
[[nodiscard]] Result<std::optional<StoredRequest>> find_awaited(metadata::Session& session, std::int64_t id,
                                                                std::int64_t account_id);
// Newest first, at most limits::kListedRequests.
[[nodiscard]] Result<std::vector<StoredRequest>> list_awaited(metadata::Session& session, std::int64_t account_id);
// All that the account waits for, ascending: the order in which rows are locked.
[[nodiscard]] Result<std::vector<std::int64_t>> awaited_ids(metadata::Session& session, std::int64_t account_id);
[[nodiscard]] Result<std::vector<StoredRequest>> find_requests(metadata::Session& session,
                                                               const std::vector<std::int64_t>& ids);
[[nodiscard]] Result<bool> is_waiter(metadata::Session& session, std::int64_t id, std::int64_t account_id);

[[nodiscard]] Result<std::int64_t> item_of(metadata::Session& session, std::int64_t id);  // 0: there is no such request

struct Waiter {
  std::int64_t request_id = 0;
  std::int64_t account_id = 0;
};
// Of the item's requests that are not cancelled.
[[nodiscard]] Result<std::vector<Waiter>> waiters_of_item(metadata::Session& session, std::int64_t item_id);

struct Left {
  bool was_waiter = false;
  bool cancelled = false;                    // it was the last one
  std::optional<std::string> cancelled_run;  // to be stopped after the commit
};
[[nodiscard]] Result<Left> leave(metadata::Transaction& tx, std::int64_t id, std::int64_t account_id, Micros now);

[[nodiscard]] Result<std::int64_t> count_not_cancelled(metadata::Session& session, std::int64_t item_id);
// Locks the row and stamps it; false where it does not exist or is cancelled.
[[nodiscard]] Result<bool> touch(metadata::Transaction& tx, std::int64_t id, Micros now);

}  // namespace lakelift::slices::store
