// The rows of groups and of who is in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/accounts/account.h"
#include "domain/accounts/group.h"

namespace lakelift::accounts {

// 1–64 characters of ASCII letters, digits, space and ._-, without a space at an end.
[[nodiscard]] bool is_group_name(std::string_view name);

// The groups that the account is in, ascending.
[[nodiscard]] Result<std::vector<std::int64_t>> group_ids_of(metadata::Session& session, std::int64_t account_id);
// The same, whole, in order of name.
[[nodiscard]] Result<std::vector<Group>> groups_of(metadata::Session& session, std::int64_t account_id);

[[nodiscard]] Result<std::optional<Group>> find_group(metadata::Session& session, std::int64_t id);
// id > after, in order of id; `name`: only the one of exactly this name, where it is not empty.
[[nodiscard]] Result<std::vector<Group>> list_groups(metadata::Session& session, std::int64_t after, int limit,
                                                     std::string_view name);
// Gives the group its id. Nothing: the name is taken.
[[nodiscard]] Result<std::optional<Group>> insert_group(metadata::Transaction& transaction, Group group);
// With its memberships.
[[nodiscard]] Result<void> delete_group(metadata::Transaction& transaction, std::int64_t id);

// False where it was in it already; where it was not.
[[nodiscard]] Result<bool> insert_member(metadata::Transaction& transaction, std::int64_t group_id,
                                         std::int64_t account_id, Micros now);
[[nodiscard]] Result<bool> delete_member(metadata::Transaction& transaction, std::int64_t group_id,
                                         std::int64_t account_id);
// Ids of accounts > after, ascending.
[[nodiscard]] Result<std::vector<std::int64_t>> member_ids(metadata::Session& session, std::int64_t group_id,
                                                           std::int64_t after, int limit);

}  // namespace lakelift::accounts
