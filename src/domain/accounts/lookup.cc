#include "domain/accounts/lookup.h"

#include <tuple>

#include "domain/accounts/account_store.h"

namespace lakelift::accounts {

Result<std::optional<Account>> find_active(metadata::Session& session, std::int64_t id) {
  TRY(const auto active,
      session.row<std::int64_t>("SELECT id FROM accounts_accounts WHERE id = ? AND disabled_at IS NULL", {id}));
  if (!active) return std::nullopt;
  return find_account(session, id);
}

Result<std::vector<std::int64_t>> active_admin_ids(metadata::Session& session) {
  TRY(const auto rows, session.rows<std::int64_t>("SELECT id FROM accounts_accounts WHERE type = 'ADMIN' AND "
                                                  "disabled_at IS NULL ORDER BY id"));
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& [id] : rows) ids.push_back(id);
  return ids;
}

Result<std::optional<std::int64_t>> group_id_of(metadata::Session& session, std::string_view name) {
  TRY(const auto row, session.row<std::int64_t>("SELECT id FROM accounts_groups WHERE name = ?", {name}));
  if (!row) return std::nullopt;
  return std::get<0>(*row);
}

Result<std::map<std::int64_t, std::string>> group_names(metadata::Session& session,
                                                        const std::vector<std::int64_t>& ids) {
  std::map<std::int64_t, std::string> names;
  for (const std::int64_t id : ids) {
    TRY(auto row, session.row<std::string>("SELECT name FROM accounts_groups WHERE id = ?", {id}));
    if (row) names.emplace(id, std::get<0>(std::move(*row)));
  }
  return names;
}

}  // namespace lakelift::accounts
