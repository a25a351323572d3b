// Accounts as administrators and their owners see them: the contract's form and more beside it.
#pragma once

#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "domain/accounts/account.h"
#include "domain/accounts/group.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {

// {"@type": "account", id, email, type, username, disabled, created_at, groups: [{id, name}]}
[[nodiscard]] json::object detailed(const accounts::Account& account, const std::vector<accounts::Group>& groups);
// The same of each, in the same order; asks for their groups.
[[nodiscard]] Result<json::array> detailed(const Services& services, const std::vector<accounts::Account>& accounts);
[[nodiscard]] Result<json::object> detailed(const Services& services, const accounts::Account& account);

}  // namespace lakelift::http
