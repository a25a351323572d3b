// What a person should hear of: kept until it is read, and told at once to those who listen.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "domain/accounts/account.h"
#include "domain/accounts/farewell.h"

namespace lakelift::notices {

// access.asked (to those who decide), access.granted, access.refused (to who asked), catalogue_item.changed (to its
// followers).
struct NewNotice {
  std::string kind;
  std::string subject_kind;  // "catalogue_item", …: what it is about, as in the ledger
  std::string subject_id;
  json::object detail;  // what a person needs to understand it without another call; nothing they may not see
  // With `join`: an unread notice of the same kind, subject and `by`, sent within limits::kNoticeMergeSeconds, goes,
  // and this one says what join(older detail, this detail) says: many small changes are one thing to read.
  std::optional<std::int64_t> by = std::nullopt;  // the account that caused it; stands in `detail` under "by"
  json::object (*join)(const json::object& older, json::object newer) = nullptr;
};

struct Notice {
  std::int64_t id = 0;
  std::int64_t account_id = 0;
  Micros at = 0;
  NewNotice what;
  std::optional<Micros> read_at;
};

struct NoticeQuery {
  std::optional<std::int64_t> before = std::nullopt;  // only ids below this: newest first, a page at a time
  bool unread_only = false;
  int limit = 100;
};

// How things stand for an account right now.
struct Standing {
  std::int64_t account_id = 0;
  std::int64_t unread = 0;
  std::optional<Notice> newest;
};

// Threadsafe.
class NoticeService final : public accounts::FarewellListener {
 public:
  NoticeService(metadata::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Becomes true with the transaction; after the commit the listener is called. An account keeps its newest
  // limits::kNoticesKept (a few more for a while).
  [[nodiscard]] Result<void> send(metadata::Transaction& transaction, std::int64_t account_id, const NewNotice& notice);
  // Newest first.
  [[nodiscard]] Result<std::vector<Notice>> list(const accounts::Account& caller, const NoticeQuery& query);
  [[nodiscard]] Result<std::int64_t> count_unread(const accounts::Account& caller);
  // Fine when it was read already. Error: kNotFound COULD_NOT_FIND_NOTICE, also for another account's.
  [[nodiscard]] Result<Notice> mark_read(const accounts::Account& caller, std::int64_t id);
  // Up to and with `up_to`; how many were unread.
  [[nodiscard]] Result<std::int64_t> mark_all_read(const accounts::Account& caller, std::int64_t up_to);
  // For the edge's feed, whose topics are account ids. Accounts that are gone or disabled are left out.
  [[nodiscard]] Result<std::vector<Standing>> standing(const std::vector<std::int64_t>& account_ids);
  // Called after each commit that sent one, from any thread; set before the server starts.
  void on_notice(std::function<void(std::int64_t account_id)> listener) { listener_ = std::move(listener); }

  // An account's notices go with it.
  [[nodiscard]] Result<void> farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                      std::optional<std::int64_t> actor) override;

 private:
  metadata::Database& database_;
  const Clock& clock_;
  std::function<void(std::int64_t)> listener_;
};

// {"@type": "notice", id, at, kind, subject_kind, subject_id, detail, read_at}
[[nodiscard]] json::object to_json(const Notice& notice);

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of notices

}  // namespace lakelift::notices
