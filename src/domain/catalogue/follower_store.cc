#include "domain/catalogue/follower_store.h"

#include <tuple>

namespace lakelift::catalogue {

Result<void> insert_follower(metadata::Transaction& transaction, std::int64_t item_id, std::int64_t account_id,
                             Micros since) {
  TRY_VOID(transaction.exec(
      "INSERT INTO catalogue_followers(item_id, account_id, since) VALUES(?, ?, ?) ON CONFLICT DO NOTHING",
      {item_id, account_id, since}));
  return {};
}

Result<void> delete_follower(metadata::Transaction& transaction, std::int64_t item_id, std::int64_t account_id) {
  TRY_VOID(
      transaction.exec("DELETE FROM catalogue_followers WHERE item_id = ? AND account_id = ?", {item_id, account_id}));
  return {};
}

Result<void> delete_followers_of(metadata::Transaction& transaction, std::int64_t item_id) {
  TRY_VOID(transaction.exec("DELETE FROM catalogue_followers WHERE item_id = ?", {item_id}));
  return {};
}

Result<void> delete_follows_of(metadata::Transaction& transaction, std::int64_t account_id) {
  TRY_VOID(transaction.exec("DELETE FROM catalogue_followers WHERE account_id = ?", {account_id}));
  return {};
}

Result<std::vector<std::int64_t>> followers_of(metadata::Session& session, std::int64_t item_id) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT account_id FROM catalogue_followers WHERE item_id = ? ORDER BY account_id",
                                 {item_id}));
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& [id] : rows) ids.push_back(id);
  return ids;
}

Result<bool> is_following(metadata::Session& session, std::int64_t item_id, std::int64_t account_id) {
  TRY(const auto row,
      session.row<std::int64_t>("SELECT item_id FROM catalogue_followers WHERE item_id = ? AND account_id = ?",
                                {item_id, account_id}));
  return row.has_value();
}

Result<std::int64_t> count_followed_by(metadata::Session& session, std::int64_t account_id) {
  TRY(const auto row,
      session.row<std::int64_t>("SELECT COUNT(*) FROM catalogue_followers WHERE account_id = ?", {account_id}));
  return row ? std::get<0>(*row) : 0;
}

Result<std::set<std::int64_t>> followed_by(metadata::Session& session, std::int64_t account_id) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT item_id FROM catalogue_followers WHERE account_id = ?", {account_id}));
  std::set<std::int64_t> ids;
  for (const auto& [id] : rows) ids.insert(id);
  return ids;
}

}  // namespace lakelift::catalogue
