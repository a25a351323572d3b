// Groups of accounts, and who is in them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/result.h"
#include "domain/accounts/account.h"
#include "domain/accounts/farewell.h"
#include "domain/accounts/group.h"

namespace lakelift::accounts {

// Threadsafe. Error of all that name a group: kNotFound COULD_NOT_FIND_GROUP.
class GroupService {
 public:
  GroupService(metadata::Database& database, const ledger::Ledger& ledger, const Clock& clock)
      : database_(database), ledger_(ledger), clock_(clock) {}

  // Name: 1–64 ASCII letters, digits, spaces and ._-. Errors: kInvalid (field "name"), kConflict GROUP_EXISTS_ALREADY.
  [[nodiscard]] Result<Group> create(std::string_view name, std::optional<std::int64_t> actor);
  [[nodiscard]] Result<Group> get(std::int64_t id);
  // id > after, in order of id; `name`: only the one of exactly this name, where it is not empty.
  [[nodiscard]] Result<std::vector<Group>> list(std::int64_t after, int limit, std::string_view name = {});
  // Deletes it with its memberships, after each listener has given up what was granted to it. Errors: the listeners'.
  [[nodiscard]] Result<void> remove(std::int64_t id, std::optional<std::int64_t> actor);
  // Before the first remove(); it must outlive this service.
  void add_farewell_listener(GroupFarewellListener& listener) { listeners_.emplace_back(listener); }

  // Accounts with id > after, in order of id.
  [[nodiscard]] Result<std::vector<Account>> members(std::int64_t group_id, std::int64_t after, int limit);
  // Fine where it is so already. Error: kNotFound COULD_NOT_FIND_ACCOUNT.
  [[nodiscard]] Result<void> add_member(std::int64_t group_id, std::int64_t account_id,
                                        std::optional<std::int64_t> actor);
  [[nodiscard]] Result<void> remove_member(std::int64_t group_id, std::int64_t account_id,
                                           std::optional<std::int64_t> actor);
  // Of each of these accounts, in the same order: the groups that it is in, by name.
  [[nodiscard]] Result<std::vector<std::vector<Group>>> groups_of(const std::vector<std::int64_t>& account_ids);

 private:
  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  const Clock& clock_;
  std::vector<std::reference_wrapper<GroupFarewellListener>> listeners_;
};

}  // namespace lakelift::accounts
