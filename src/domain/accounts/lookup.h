// What other folders ask about accounts and groups inside their own transactions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/accounts/account.h"

namespace lakelift::accounts {

// Nothing where there is none, or where it is disabled: it may do nothing and is told nothing.
[[nodiscard]] Result<std::optional<Account>> find_active(metadata::Session& session, std::int64_t id);
// Of accounts of type ADMIN that are not disabled, ascending.
[[nodiscard]] Result<std::vector<std::int64_t>> active_admin_ids(metadata::Session& session);
[[nodiscard]] Result<std::optional<std::int64_t>> group_id_of(metadata::Session& session, std::string_view name);
// Name by id; those that are gone are left out.
[[nodiscard]] Result<std::map<std::int64_t, std::string>> group_names(metadata::Session& session,
                                                                      const std::vector<std::int64_t>& ids);

}  // namespace lakelift::accounts
