#include "domain/files/grant_store.h"

#include <tuple>

#include "domain/files/sql_lists.h"

namespace lakelift::files {

std::string_view name_of(GranteeKind kind) { return kind == GranteeKind::kAccount ? "account" : "group"; }

Within granted_to(std::int64_t account_id, const std::vector<std::int64_t>& groups) {
  Within out;
  out.params = {account_id};
  const std::string list = list_of(groups, out.params);
  out.sql = " AND ((g.kind = 'account' AND g.grantee_id = ?) OR (g.kind = 'group' AND g.grantee_id IN " + list + "))";
  return out;
}

Result<std::vector<Grant>> grants_at(metadata::Session& session, std::int64_t owner_id,
                                     const std::vector<std::string>& paths) {
  return grants_at(session, owner_id, paths, {});
}

Result<std::vector<Grant>> grants_at(metadata::Session& session, std::int64_t owner_id,
                                     const std::vector<std::string>& paths, const Within& to) {
  metadata::Params params{owner_id};
  const std::string list = list_of(paths, params);
  params.insert(params.end(), to.params.begin(), to.params.end());
  TRY(auto rows, (session.rows<std::int64_t, std::string, std::string, std::int64_t, std::string,
                               std::optional<std::int64_t>, std::int64_t>(
                     "SELECT g.node_id, n.path, g.kind, g.grantee_id, g.may, g.granted_by, g.granted_at FROM "
                     "files_nodes n JOIN files_grants g ON g.node_id = n.id WHERE n.owner_id = ? AND n.path IN " +
                         list + to.sql + " ORDER BY n.path, g.kind, g.grantee_id",
                     params)));
  std::vector<Grant> grants;
  grants.reserve(rows.size());
  for (auto& [node, path, kind, grantee, right, by, at] : rows) {
    grants.push_back({node, FilePath::stored(std::move(path)),
                      kind == "account" ? GranteeKind::kAccount : GranteeKind::kGroup, grantee,
                      right == "write" ? Right::kWrite : Right::kRead, by, at});
  }
  return grants;
}

Result<std::optional<Right>> find_grant(metadata::Session& session, std::int64_t node_id, GranteeId to) {
  TRY(const auto row,
      session.row<std::string>("SELECT may FROM files_grants WHERE node_id = ? AND kind = ? AND grantee_id = ?",
                               {node_id, name_of(to.kind), to.id}));
  if (!row) return std::nullopt;
  return grantable_right_of(std::get<0>(*row));
}

Result<void> put_grant(metadata::Transaction& transaction, const Grant& grant) {
  TRY(const auto before, find_grant(transaction, grant.node_id, {grant.kind, grant.grantee_id}));
  TRY_VOID(transaction.exec(
      "INSERT INTO files_grants(node_id, kind, grantee_id, may, granted_by, granted_at) VALUES(?, ?, ?, ?, ?, ?) "
      "ON CONFLICT(node_id, kind, grantee_id) DO UPDATE SET may = excluded.may, granted_by = excluded.granted_by, "
      "granted_at = excluded.granted_at",
      {grant.node_id, name_of(grant.kind), grant.grantee_id, name_of(grant.right), grant.granted_by,
       grant.granted_at}));
  if (before) return {};
  TRY_VOID(transaction.exec("UPDATE files_nodes SET grants = grants + 1 WHERE id = ?", {grant.node_id}));
  return {};
}

Result<bool> delete_grant(metadata::Transaction& transaction, std::int64_t node_id, GranteeId to) {
  TRY(const std::int64_t gone,
      transaction.exec("DELETE FROM files_grants WHERE node_id = ? AND kind = ? AND grantee_id = ?",
                       {node_id, name_of(to.kind), to.id}));
  if (gone == 0) return false;
  TRY_VOID(transaction.exec("UPDATE files_nodes SET grants = grants - 1 WHERE id = ?", {node_id}));
  return true;
}

Result<void> delete_grants_to(metadata::Transaction& transaction, GranteeId to) {
  const metadata::Params params{name_of(to.kind), to.id};
  TRY_VOID(
      transaction.exec("UPDATE files_nodes SET grants = grants - 1 WHERE id IN (SELECT node_id FROM files_grants "
                       "WHERE kind = ? AND grantee_id = ?)",
                       params));
  TRY_VOID(transaction.exec("DELETE FROM files_grants WHERE kind = ? AND grantee_id = ?", params));
  return {};
}

Result<std::vector<std::int64_t>> published_for(metadata::Session& session, GranteeId to) {
  TRY(const auto rows,
      session.rows<std::int64_t>(
          "SELECT f.id FROM files_publications p JOIN files_nodes f ON f.id = p.file_id WHERE EXISTS (SELECT 1 FROM "
          "files_grants g JOIN files_nodes n ON n.id = g.node_id WHERE g.kind = ? AND g.grantee_id = ? AND n.owner_id "
          "= f.owner_id AND (n.path = f.path OR (f.path >= n.path || '/' AND f.path < n.path || '0'))) ORDER BY f.id",
          {name_of(to.kind), to.id}));
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& [id] : rows) ids.push_back(id);
  return ids;
}

}  // namespace lakelift::files
