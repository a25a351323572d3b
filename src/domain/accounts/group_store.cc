#include "domain/accounts/group_store.h"

#include <tuple>

namespace lakelift::accounts {

Result<std::vector<std::int64_t>> group_ids_of(metadata::Session& session, std::int64_t account_id) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT group_id FROM accounts_members WHERE account_id = ? ORDER BY group_id",
                                 {account_id}));
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& [id] : rows) ids.push_back(id);
  return ids;
}

}  // namespace lakelift::accounts
