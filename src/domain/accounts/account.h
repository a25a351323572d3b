#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"

namespace lakelift::accounts {

enum class AccountType { kResearcher, kAdmin };
[[nodiscard]] std::string_view name_of(AccountType type);  // RESEARCHER ADMIN
[[nodiscard]] std::optional<AccountType> account_type_of(std::string_view name);

struct Account {
  std::int64_t id = 0;
  std::string email;  // unique, lower case; empty for one that has only a username
  std::string username;
  AccountType type = AccountType::kResearcher;
  Micros created_at = 0;
  std::optional<Micros> disabled_at = std::nullopt;  // from then on nothing of it opens anything, until it is enabled

  [[nodiscard]] bool is_disabled() const { return disabled_at.has_value(); }
};

// {"@type": "account", id, email, type}: the contract's form; email is null for one that has only a username.
[[nodiscard]] json::object to_json(const Account& account);

// What a token lets its holder do, within what the account may: look; ask and change; all that administrators may.
enum class Scope { kRead, kWrite, kAdmin };
[[nodiscard]] std::string_view name_of(Scope scope);  // read write admin
[[nodiscard]] std::optional<Scope> scope_of(std::string_view name);
// The most that an account of this type may.
[[nodiscard]] Scope most_of(AccountType type);

}  // namespace lakelift::accounts
