// The rows of accounts, and what may stand in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"
#include "base/random.h"
#include "domain/accounts/account.h"

namespace lakelift::accounts {

// In lower case; nothing where it is no address: 3–254 printable ASCII characters without spaces, one "@" with
// something on both sides.
[[nodiscard]] std::optional<std::string> normal_email(std::string_view email);

// From what stands before the "@": letters, digits and ._- of it, at most 32 characters; `attempt` > 0 gives others
// where that one is taken. Never "admin", which is the local administrator's.
[[nodiscard]] std::string username_from(std::string_view email, int attempt, Random& random);

[[nodiscard]] Result<std::optional<Account>> find_account(metadata::Session& session, std::int64_t id);
[[nodiscard]] Result<std::optional<Account>> find_account_by_email(metadata::Session& session, std::string_view email);
[[nodiscard]] Result<std::vector<Account>> list_accounts(metadata::Session& session, std::int64_t after, int limit);
// Gives the account its id. Nothing: the email or the username is taken.
[[nodiscard]] Result<std::optional<Account>> insert_account(metadata::Transaction& transaction, Account account);

[[nodiscard]] Result<bool> is_revoked(metadata::Session& session, const std::string& name);
// False where it was revoked before. Forgets revocations of tokens that expired long ago.
[[nodiscard]] Result<bool> insert_revocation(metadata::Transaction& transaction, const std::string& name,
                                             std::int64_t account_id, Micros expires_at, Micros now);

}  // namespace lakelift::accounts
