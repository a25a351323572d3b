// Accounts of one answer, each looked up once. Not threadsafe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "domain/accounts/account_service.h"

namespace lakelift::catalogue {

class AccountCache {
 public:
  explicit AccountCache(accounts::AccountService& accounts) : accounts_(accounts) {}

  // Nothing for no id, and for an account that is gone.
  Result<std::optional<accounts::Account>> find(const std::optional<std::int64_t>& id) {
    if (!id) return std::nullopt;
    const auto known = by_id_.find(*id);
    if (known != by_id_.end()) return known->second;
    auto account = accounts_.get(*id);
    if (!account && account.error().code != Code::kNotFound) return std::unexpected(account.error());
    return by_id_[*id] = account ? std::optional(*std::move(account)) : std::nullopt;
  }

 private:
  accounts::AccountService& accounts_;
  std::map<std::int64_t, std::optional<accounts::Account>> by_id_;
};

}  // namespace lakelift::catalogue
