#include "domain/accounts/account.h"

namespace lakelift::accounts {

std::string_view name_of(AccountType type) { return type == AccountType::kAdmin ? "ADMIN" : "RESEARCHER"; }

std::optional<AccountType> account_type_of(std::string_view name) {
  if (name == "ADMIN") return AccountType::kAdmin;
  if (name == "RESEARCHER") return AccountType::kResearcher;
  return std::nullopt;
}

json::object to_json(const Account& account) {
  json::value email = nullptr;
  if (!account.email.empty()) email = json::string(account.email);
  return {{"@type", "account"}, {"id", account.id}, {"email", std::move(email)}, {"type", name_of(account.type)}};
}

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::kRead:
      return "read";
    case Scope::kWrite:
      return "write";
    case Scope::kAdmin:
      return "admin";
  }
  return "read";
}

std::optional<Scope> scope_of(std::string_view name) {
  for (const Scope scope : {Scope::kRead, Scope::kWrite, Scope::kAdmin}) {
    if (name == name_of(scope)) return scope;
  }
  return std::nullopt;
}

Scope most_of(AccountType type) { return type == AccountType::kAdmin ? Scope::kAdmin : Scope::kWrite; }

}  // namespace lakelift::accounts
