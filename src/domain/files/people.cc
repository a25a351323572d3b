#include "domain/files/people.h"

#include "domain/accounts/account_store.h"

namespace lakelift::files {

Result<std::optional<accounts::Account>> People::find(std::optional<std::int64_t> id) {
  if (!id) return std::nullopt;
  if (const auto known = known_.find(*id); known != known_.end()) return known->second;
  TRY(auto account, accounts::find_account(session_, *id));
  return known_.emplace(*id, std::move(account)).first->second;
}

Result<std::string> People::name_of(std::optional<std::int64_t> id) {
  TRY(const auto account, find(id));
  return account ? account->username : std::string();
}

Result<std::optional<accounts::Account>> find_owner(metadata::Session& session, std::string_view username) {
  // What can't be a username is not asked for: it may hold what no database takes.
  if (!accounts::is_username(username)) return std::nullopt;
  return accounts::find_account_by_username(session, username);
}

}  // namespace lakelift::files
