// Turned-round edges (design): deleting an account or a group tells all that hold on to it. The folders above implement
// these, app connects them with AccountService::add_farewell_listener and GroupService::add_farewell_listener.
#pragma once

#include <cstdint>
#include <optional>

#include "backends/metadata/database.h"
#include "base/result.h"
#include "domain/accounts/account.h"
#include "domain/accounts/group.h"

namespace lakelift::accounts {

class FarewellListener {
 public:
  virtual ~FarewellListener() = default;
  // In the transaction that deletes the account: gives up or hands on what it holds. An error keeps the account.
  // `actor`: who deletes it.
  [[nodiscard]] virtual Result<void> farewell(metadata::Transaction& transaction, const Account& leaving,
                                              std::optional<std::int64_t> actor) = 0;
};

class GroupFarewellListener {
 public:
  virtual ~GroupFarewellListener() = default;
  // In the transaction that deletes the group: gives up what was granted to it. An error keeps the group.
  [[nodiscard]] virtual Result<void> group_farewell(metadata::Transaction& transaction, const Group& leaving,
                                                    std::optional<std::int64_t> actor) = 0;
};

}  // namespace lakelift::accounts
