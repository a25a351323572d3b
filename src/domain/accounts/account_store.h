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

// Which accounts; what is nothing or empty does not narrow. In order of id.
struct AccountQuery {
  std::int64_t after = 0;  // id > after: the next page
  int limit = 100;
  std::optional<AccountType> type = std::nullopt;
  std::optional<bool> is_disabled = std::nullopt;
  std::string text = {};  // a part of the email or of the username, in any case
  std::string name = {};  // exactly the one with this email or username
};

// In lower case; nothing where it is no address: 3–254 printable ASCII characters without spaces, one "@" with
// something on both sides.
[[nodiscard]] std::optional<std::string> normal_email(std::string_view email);

// 1–32 characters of ASCII letters, digits, space and ._- (LiftBit's), without a space at an end; not "." or "..".
[[nodiscard]] bool is_username(std::string_view name);
// From what stands before the "@": letters, digits and ._- of it, at most 32 characters; `attempt` > 0 gives others
// where that one is taken. Never "admin", which is the local administrator's.
[[nodiscard]] std::string username_from(std::string_view email, int attempt, Random& random);

[[nodiscard]] Result<std::optional<Account>> find_account(metadata::Session& session, std::int64_t id);
[[nodiscard]] Result<std::optional<Account>> find_account_by_email(metadata::Session& session, std::string_view email);
[[nodiscard]] Result<std::optional<Account>> find_account_by_username(metadata::Session& session,
                                                                      std::string_view username);
[[nodiscard]] Result<std::vector<Account>> list_accounts(metadata::Session& session, const AccountQuery& query);
// Gives the account its id. Nothing: the email or the username is taken.
[[nodiscard]] Result<std::optional<Account>> insert_account(metadata::Transaction& transaction, Account account);
// All but id and created_at. The username and the email must be free.
[[nodiscard]] Result<void> update_account(metadata::Transaction& transaction, const Account& account);
// With its identities, tokens, memberships and sign-ins under way.
[[nodiscard]] Result<void> delete_account(metadata::Transaction& transaction, std::int64_t id);
// In the transaction of something that outlives the call: who was let in may have been deleted or disabled since.
// Error: kUnauthenticated AUTH_TOKEN_MISSING_ACCOUNT.
[[nodiscard]] Result<void> check_active(metadata::Session& session, std::int64_t id);
// Accounts of type ADMIN that are not disabled, without these two.
[[nodiscard]] Result<std::int64_t> count_other_admins(metadata::Session& session, std::int64_t id,
                                                      std::string_view local_admin_email);

[[nodiscard]] Result<bool> is_revoked(metadata::Session& session, const std::string& name);
// False where it was revoked before. Forgets revocations of tokens that expired long ago.
[[nodiscard]] Result<bool> insert_revocation(metadata::Transaction& transaction, const std::string& name,
                                             std::int64_t account_id, Micros expires_at, Micros now);

}  // namespace lakelift::accounts
