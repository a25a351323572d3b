#include "domain/files/node_store.h"

#include <algorithm>
#include <tuple>

#include "domain/files/sql_lists.h"

namespace lakelift::files {
namespace {

using Int = std::optional<std::int64_t>;
constexpr std::string_view kSelect =
    "SELECT n.id, n.owner_id, n.path, n.kind, n.object_key, n.size_bytes, n.sha256, n.created_at, n.changed_at, "
    "n.changed_by, n.grants, p.item_id FROM files_nodes n LEFT JOIN files_publications p ON p.file_id = n.id";

std::optional<std::string> text_or_nothing(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// What the database counts in substr().
std::int64_t chars_of(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// The columns path, parent and name of rows of `tree` at their new place, and what is bound to them.
struct NewPlace {
  std::string path, parent, name;
  metadata::Params params;  // of the three, in this order
};

NewPlace at_new_place(const Tree& tree, const Tree& to) {
  const std::string& from = tree.path.text();
  const std::int64_t rest = chars_of(from) + 1;
  return {"CAST(? AS TEXT) || substr(path, CAST(? AS INTEGER))",
          "CASE WHEN path = ? THEN CAST(? AS TEXT) ELSE CAST(? AS TEXT) || substr(parent, CAST(? AS INTEGER)) END",
          "CASE WHEN path = ? THEN CAST(? AS TEXT) ELSE name END",
          {to.path.text(), rest, from, to.path.parent().text(), to.path.text(), rest, from, to.path.name()}};
}

Result<void> check_lengths(metadata::Session& session, const Tree& tree, const Tree& to) {
  const Within rows = within(tree);
  const std::string_view bytes =
      session.dialect() == metadata::Dialect::kSqlite ? "length(CAST(path AS BLOB))" : "octet_length(path)";
  TRY(const auto longest, session.row<std::string>("SELECT path FROM files_nodes WHERE " + rows.sql + " ORDER BY " +
                                                       std::string(bytes) + " DESC LIMIT 1",
                                                   rows.params));
  if (!longest) return {};
  TRY_VOID(FilePath::stored(std::get<0>(*longest)).moved(tree.path, to.path));
  return {};
}

void append(metadata::Params& params, const metadata::Params& more) {
  params.insert(params.end(), more.begin(), more.end());
}

}  // namespace

Within beneath(const Tree& tree, std::string_view prefix) {
  const std::string path = std::string(prefix) + "path";
  std::string owner = std::string(prefix) + "owner_id = ?";
  if (tree.path.is_root()) return {std::move(owner), {tree.owner_id}};
  // '0' is the byte after '/': what begins with "path/", and an index can tell.
  return {owner + " AND " + path + " >= ? AND " + path + " < ?",
          {tree.owner_id, tree.path.text() + "/", tree.path.text() + "0"}};
}

Within within(const Tree& tree, std::string_view prefix) {
  if (tree.path.is_root()) return beneath(tree, prefix);
  const std::string path = std::string(prefix) + "path";
  return {std::string(prefix) + "owner_id = ? AND (" + path + " = ? OR (" + path + " >= ? AND " + path + " < ?))",
          {tree.owner_id, tree.path.text(), tree.path.text() + "/", tree.path.text() + "0"}};
}

Result<std::vector<Node>> nodes_where(metadata::Session& session, std::string_view rest,
                                      const metadata::Params& params) {
  TRY(auto rows,
      (session.rows<std::int64_t, std::int64_t, std::string, std::string, std::string, std::int64_t, std::string,
                    std::int64_t, std::int64_t, Int, std::int64_t, Int>(std::string(kSelect).append(rest), params)));
  std::vector<Node> nodes;
  nodes.reserve(rows.size());
  for (auto& [id, owner, path, kind, key, size, sha256, created, changed, by, grants, item] : rows) {
    nodes.push_back({id,
                     owner,
                     FilePath::stored(std::move(path)),
                     kind == "file" ? FileKind::kFile : FileKind::kFolder,
                     {std::move(key), static_cast<std::uint64_t>(size), std::move(sha256)},
                     created,
                     changed,
                     by,
                     grants,
                     item});
  }
  return nodes;
}

Result<std::optional<Node>> find_node(metadata::Session& session, std::int64_t id) {
  TRY(auto nodes, nodes_where(session, " WHERE n.id = ?", {id}));
  if (nodes.empty()) return std::nullopt;
  return std::move(nodes.front());
}

Result<std::vector<Node>> nodes_at(metadata::Session& session, std::int64_t owner_id,
                                   const std::vector<std::string>& paths) {
  metadata::Params params{owner_id};
  const std::string list = list_of(paths, params);
  return nodes_where(session, " WHERE n.owner_id = ? AND n.path IN " + list, params);
}

Result<std::vector<Node>> published_in(metadata::Session& session, const Tree& tree) {
  const Within rows = within(tree, "n.");
  return nodes_where(session, " WHERE p.item_id IS NOT NULL AND " + rows.sql + " ORDER BY n.path", rows.params);
}

Result<Totals> totals_of(metadata::Session& session, const Tree& tree) {
  const Within rows = within(tree);
  TRY(const auto row,
      (session.row<std::int64_t, std::int64_t, std::int64_t>(
          "SELECT COUNT(object_key), COUNT(*) - COUNT(object_key), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) "
          "FROM files_nodes WHERE " +
              rows.sql,
          rows.params)));
  if (!row) return Totals{};
  return Totals{std::get<0>(*row), std::get<1>(*row), std::get<2>(*row)};
}

Result<std::vector<std::string>> keys_in(metadata::Session& session, const Tree& tree) {
  const Within rows = within(tree);
  TRY(auto found, session.rows<std::string>(
                      "SELECT object_key FROM files_nodes WHERE object_key IS NOT NULL AND " + rows.sql, rows.params));
  std::vector<std::string> keys;
  keys.reserve(found.size());
  for (auto& [key] : found) keys.push_back(std::move(key));
  return keys;
}

Result<void> insert_node(metadata::Transaction& transaction, Node& node) {
  const bool is_file = node.kind == FileKind::kFile;
  TRY(const auto row,
      transaction.row<std::int64_t>(
          "INSERT INTO files_nodes(owner_id, path, parent, name, kind, object_key, size_bytes, sha256, created_at, "
          "changed_at, changed_by, grants) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING RETURNING "
          "id",
          {node.owner_id, node.path.text(), node.path.parent().text(), node.path.name(), name_of(node.kind),
           text_or_nothing(node.content.key), is_file ? node.content.size_bytes : 0,
           text_or_nothing(node.content.sha256), node.created_at, node.changed_at, node.changed_by}));
  if (!row) return fail(Code::kInternal, "a file was there where a moment before there was none");
  node.id = std::get<0>(*row);
  return {};
}

Result<void> update_content(metadata::Transaction& transaction, const Node& node) {
  TRY_VOID(transaction.exec(
      "UPDATE files_nodes SET object_key = ?, size_bytes = ?, sha256 = ?, changed_at = ?, changed_by = ? WHERE id = ?",
      {node.content.key, node.content.size_bytes, node.content.sha256, node.changed_at, node.changed_by, node.id}));
  return {};
}

Result<void> delete_grants_in(metadata::Transaction& transaction, const Tree& tree) {
  const Within rows = within(tree);
  TRY_VOID(transaction.exec(
      "DELETE FROM files_grants WHERE node_id IN (SELECT id FROM files_nodes WHERE grants > 0 AND " + rows.sql + ")",
      rows.params));
  TRY_VOID(transaction.exec("UPDATE files_nodes SET grants = 0 WHERE grants > 0 AND " + rows.sql, rows.params));
  return {};
}

Result<void> delete_tree(metadata::Transaction& transaction, const Tree& tree) {
  TRY_VOID(delete_grants_in(transaction, tree));
  const Within rows = within(tree);
  TRY_VOID(transaction.exec("DELETE FROM files_nodes WHERE " + rows.sql, rows.params));
  return {};
}

Result<void> move_tree(metadata::Transaction& transaction, const Tree& tree, const Tree& to) {
  TRY_VOID(check_lengths(transaction, tree, to));
  const NewPlace place = at_new_place(tree, to);
  const Within rows = within(tree);
  metadata::Params params{to.owner_id};
  append(params, place.params);
  append(params, rows.params);
  TRY_VOID(transaction.exec("UPDATE files_nodes SET owner_id = ?, path = " + place.path + ", parent = " + place.parent +
                                ", name = " + place.name + " WHERE " + rows.sql,
                            params));
  return {};
}

Result<void> copy_tree(metadata::Transaction& transaction, const Tree& tree, const Tree& to, Micros now,
                       std::int64_t by) {
  TRY_VOID(check_lengths(transaction, tree, to));
  const NewPlace place = at_new_place(tree, to);
  const Within rows = within(tree);
  metadata::Params params{to.owner_id};
  append(params, place.params);
  append(params, {now, now, by});
  append(params, rows.params);
  TRY_VOID(transaction.exec(
      "INSERT INTO files_nodes(owner_id, path, parent, name, kind, object_key, size_bytes, sha256, created_at, "
      "changed_at, changed_by, grants) SELECT CAST(? AS BIGINT), " +
          place.path + ", " + place.parent + ", " + place.name +
          ", kind, object_key, size_bytes, sha256, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), 0 "
          "FROM files_nodes WHERE " +
          rows.sql,
      params));
  return {};
}

}  // namespace lakelift::files
