#include "domain/files/trash_store.h"

#include "domain/files/sql_lists.h"

namespace lakelift::files {

Result<std::vector<Trashed>> trashed_where(metadata::Session& session, std::string_view rest,
                                           const metadata::Params& params) {
  constexpr std::string_view kSelect =
      "SELECT id, file_id, owner_id, path, object_key, size_bytes, sha256, was_replaced, trashed_at, trashed_by, "
      "kept_until FROM files_trash";
  TRY(auto rows, (session.rows<std::int64_t, std::int64_t, std::int64_t, std::string, std::string, std::int64_t,
                               std::string, bool, std::int64_t, std::optional<std::int64_t>, std::int64_t>(
                     std::string(kSelect).append(rest), params)));
  std::vector<Trashed> out;
  out.reserve(rows.size());
  for (auto& [id, file, owner, path, key, size, sha256, replaced, at, by, until] : rows) {
    out.push_back({id,
                   file,
                   owner,
                   FilePath::stored(std::move(path)),
                   {std::move(key), static_cast<std::uint64_t>(size), std::move(sha256)},
                   replaced,
                   at,
                   by,
                   until});
  }
  return out;
}

Result<std::optional<Trashed>> find_trashed(metadata::Session& session, std::int64_t owner_id, std::int64_t id) {
  TRY(auto found, trashed_where(session, " WHERE owner_id = ? AND id = ?", {owner_id, id}));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<void> insert_trashed(metadata::Transaction& transaction, const Trashed& trashed) {
  TRY_VOID(transaction.exec(
      "INSERT INTO files_trash(file_id, owner_id, path, object_key, size_bytes, sha256, was_replaced, trashed_at, "
      "trashed_by, kept_until) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {trashed.file_id, trashed.owner_id, trashed.path.text(), trashed.content.key, trashed.content.size_bytes,
       trashed.content.sha256, trashed.was_replaced, trashed.at, trashed.by, trashed.kept_until}));
  return {};
}

Result<void> trash_tree(metadata::Transaction& transaction, const Tree& tree, const Trashed& terms) {
  const Within rows = within(tree);
  metadata::Params params{terms.at, terms.by, terms.kept_until};
  params.insert(params.end(), rows.params.begin(), rows.params.end());
  TRY_VOID(transaction.exec(
      "INSERT INTO files_trash(file_id, owner_id, path, object_key, size_bytes, sha256, was_replaced, trashed_at, "
      "trashed_by, kept_until) SELECT id, owner_id, path, object_key, size_bytes, sha256, 0, CAST(? AS BIGINT), "
      "CAST(? AS BIGINT), CAST(? AS BIGINT) FROM files_nodes WHERE object_key IS NOT NULL AND " +
          rows.sql + " ORDER BY path",
      params));
  return {};
}

Result<void> delete_trashed(metadata::Transaction& transaction, const std::vector<std::int64_t>& ids) {
  for (std::size_t from = 0; from < ids.size(); from += kValuesInList) {
    const std::size_t end = std::min(ids.size(), from + kValuesInList);
    metadata::Params params;
    const std::string list = list_of(
        std::vector(ids.begin() + static_cast<std::ptrdiff_t>(from), ids.begin() + static_cast<std::ptrdiff_t>(end)),
        params);
    TRY_VOID(transaction.exec("DELETE FROM files_trash WHERE id IN " + list, params));
  }
  return {};
}

}  // namespace lakelift::files
