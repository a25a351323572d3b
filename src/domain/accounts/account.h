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

// {"@type": "account", id, email, type}: the contract's form.
[[nodiscard]] json::object to_json(const Account& account);

}  // namespace lakelift::accounts
