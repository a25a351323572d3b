#include "domain/accounts/account.h"

namespace lakelift::accounts {

std::string_view name_of(AccountType type) { return type == AccountType::kAdmin ? "ADMIN" : "RESEARCHER"; }

std::optional<AccountType> account_type_of(std::string_view name) {
  if (name == "ADMIN") return AccountType::kAdmin;
  if (name == "RESEARCHER") return AccountType::kResearcher;
  return std::nullopt;
}

json::object to_json(const Account& account) {
  return {{"@type", "account"}, {"id", account.id}, {"email", account.email}, {"type", name_of(account.type)}};
}

}  // namespace lakelift::accounts
