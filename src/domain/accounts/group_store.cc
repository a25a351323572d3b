#include "domain/accounts/group_store.h"

#include <algorithm>
#include <tuple>

#include "base/limits.h"

namespace lakelift::accounts {
namespace {

constexpr std::string_view kSelect =
    "SELECT g.id, g.name, g.created_by, g.created_at, "
    "(SELECT COUNT(*) FROM accounts_members c WHERE c.group_id = g.id) FROM accounts_groups g ";

std::vector<std::int64_t> ids_of(const std::vector<std::tuple<std::int64_t>>& rows) {
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& [id] : rows) ids.push_back(id);
  return ids;
}

Result<std::vector<Group>> groups_where(metadata::Session& session, std::string_view condition,
                                        const metadata::Params& params) {
  TRY(auto rows, (session.rows<std::int64_t, std::string, std::optional<std::int64_t>, std::int64_t, std::int64_t>(
                     std::string(kSelect) + std::string(condition), params)));
  std::vector<Group> groups;
  groups.reserve(rows.size());
  for (auto& [id, name, created_by, created_at, members] : rows) {
    groups.push_back({id, std::move(name), created_by, created_at, members});
  }
  return groups;
}

}  // namespace

json::object to_json(const Group& group) {
  json::value created_by = nullptr;
  if (group.created_by) created_by = *group.created_by;
  return {{"@type", "group"},
          {"id", group.id},
          {"name", group.name},
          {"members", group.members},
          {"created_by", std::move(created_by)},
          {"created_at", iso8601(group.created_at)}};
}

bool is_group_name(std::string_view name) {
  if (name.empty() || name.size() > limits::kGroupNameChars || name.front() == ' ' || name.back() == ' ') return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '.' ||
           c == '_' || c == '-';
  });
}

Result<std::vector<std::int64_t>> group_ids_of(metadata::Session& session, std::int64_t account_id) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT group_id FROM accounts_members WHERE account_id = ? ORDER BY group_id",
                                 {account_id}));
  return ids_of(rows);
}

Result<std::vector<Group>> groups_of(metadata::Session& session, std::int64_t account_id) {
  return groups_where(session, "JOIN accounts_members m ON m.group_id = g.id WHERE m.account_id = ? ORDER BY g.name",
                      {account_id});
}

Result<std::optional<Group>> find_group(metadata::Session& session, std::int64_t id) {
  TRY(auto groups, groups_where(session, "WHERE g.id = ?", {id}));
  if (groups.empty()) return std::nullopt;
  return std::optional(std::move(groups.front()));
}

Result<std::vector<Group>> list_groups(metadata::Session& session, std::int64_t after, int limit,
                                       std::string_view name) {
  if (!name.empty()) return groups_where(session, "WHERE g.id > ? AND g.name = ? LIMIT ?", {after, name, limit});
  return groups_where(session, "WHERE g.id > ? ORDER BY g.id LIMIT ?", {after, limit});
}

Result<std::optional<Group>> insert_group(metadata::Transaction& transaction, Group group) {
  TRY(const auto row, transaction.row<std::int64_t>("INSERT INTO accounts_groups(name, created_by, created_at) "
                                                    "VALUES(?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
                                                    {group.name, group.created_by, group.created_at}));
  if (!row) return std::nullopt;
  group.id = std::get<0>(*row);
  return group;
}

Result<void> delete_group(metadata::Transaction& transaction, std::int64_t id) {
  TRY_VOID(transaction.exec("DELETE FROM accounts_members WHERE group_id = ?", {id}));
  TRY_VOID(transaction.exec("DELETE FROM accounts_groups WHERE id = ?", {id}));
  return {};
}

Result<bool> insert_member(metadata::Transaction& transaction, std::int64_t group_id, std::int64_t account_id,
                           Micros now) {
  TRY(const auto inserted, transaction.exec("INSERT INTO accounts_members(account_id, group_id, added_at) "
                                            "VALUES(?, ?, ?) ON CONFLICT DO NOTHING",
                                            {account_id, group_id, now}));
  return inserted > 0;
}

Result<bool> delete_member(metadata::Transaction& transaction, std::int64_t group_id, std::int64_t account_id) {
  TRY(const auto deleted,
      transaction.exec("DELETE FROM accounts_members WHERE account_id = ? AND group_id = ?", {account_id, group_id}));
  return deleted > 0;
}

Result<std::vector<std::int64_t>> member_ids(metadata::Session& session, std::int64_t group_id, std::int64_t after,
                                             int limit) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT account_id FROM accounts_members WHERE group_id = ? AND account_id > ? "
                                 "ORDER BY account_id LIMIT ?",
                                 {group_id, after, limit}));
  return ids_of(rows);
}

}  // namespace lakelift::accounts
