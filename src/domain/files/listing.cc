// Folders, page by page.
#include <algorithm>

#include "domain/files/file_errors.h"
#include "domain/files/file_service_impl.h"
#include "domain/files/grant_store.h"
#include "domain/files/page_token.h"
#include "domain/files/place.h"

namespace lakelift::files {
namespace {

// Where the page after `key` begins, in the order of the query.
struct Order {
  std::string listing;             // of page tokens
  std::string_view column;         // a number that comes before the name; empty: the name alone
  std::string_view name = "name";  // what tells apart
  bool descending = false;
};

Order order_of(const ListQuery& query) {
  Order order;
  order.descending = query.descending;
  if (query.recursive) {
    order.listing = "tree";
    order.name = "path";
  } else if (query.sort == SortBy::kSize) {
    order.listing = "size";
    order.column = "size_bytes";
  } else if (query.sort == SortBy::kChanged) {
    order.listing = "changed";
    order.column = "changed_at";
  } else {
    order.listing = "name";
  }
  if (order.descending) order.listing += "-";
  return order;
}

std::string sql_of(const Order& order, const std::optional<PageKey>& after, metadata::Params& params) {
  const std::string name = "n." + std::string(order.name);
  const std::string number = "n." + std::string(order.column);
  const std::string_view than = order.descending ? " < " : " > ";
  std::string sql;
  if (after && order.column.empty()) {
    sql.append(" AND ").append(name).append(than).append("?");
    params.emplace_back(after->text);
  } else if (after) {
    sql.append(" AND (").append(number).append(than).append("? OR (").append(number).append(" = ? AND ");
    sql.append(name).append(than).append("?))");
    params.insert(params.end(), {after->number, after->number, after->text});
  }
  const std::string_view way = order.descending ? " DESC" : "";
  sql.append(" ORDER BY ");
  if (!order.column.empty()) sql.append(number).append(way).append(", ");
  return sql.append(name).append(way).append(" LIMIT ?");
}

PageKey key_of(const Order& order, const Node& last) {
  PageKey key{0, order.name == "path" ? last.path.text() : std::string(last.path.name())};
  if (order.column == "size_bytes") key.number = static_cast<std::int64_t>(last.content.size_bytes);
  if (order.column == "changed_at") key.number = last.changed_at;
  return key;
}

// Within the folder: where somebody who may only read it may write all the same.
Result<std::vector<FilePath>> writable_in(metadata::Session& session, const accounts::Account& caller,
                                          const Tree& folder) {
  TRY(const Viewer viewer, viewer_of(session, caller));
  Within rows = beneath(folder, "n.");
  const Within theirs = granted_to(viewer.account_id, viewer.groups);
  rows.params.insert(rows.params.end(), theirs.params.begin(), theirs.params.end());
  TRY(auto found, session.rows<std::string>(
                      "SELECT DISTINCT n.path FROM files_grants g JOIN files_nodes n ON n.id = g.node_id WHERE g.may = "
                      "'write' AND " +
                          rows.sql + theirs.sql,
                      rows.params));
  std::vector<FilePath> paths;
  for (auto& [path] : found) paths.push_back(FilePath::stored(std::move(path)));
  return paths;
}

Result<FilePage> list_in(metadata::Session& session, const accounts::Account& caller, const Place& place,
                         const ListQuery& query) {
  const Order order = order_of(query);
  TRY(const auto after, parse_page_token(order.listing, query.after));
  Within rows = query.recursive ? beneath(place.tree(), "n.")
                                : Within{"n.owner_id = ? AND n.parent = ?", {place.owner.id, place.path.text()}};
  const std::string sql = " WHERE " + rows.sql + sql_of(order, after, rows.params);
  rows.params.emplace_back(query.limit + 1);  // one more: is there a next page?
  TRY(auto nodes, nodes_where(session, sql, rows.params));
  FilePage page;
  if (nodes.size() > static_cast<std::size_t>(query.limit)) {
    nodes.pop_back();
    page.next = page_token(order.listing, key_of(order, nodes.back()));
  }
  std::vector<FilePath> writable;
  if (place.right == Right::kRead) {
    TRY(writable, writable_in(session, caller, place.tree()));
  }
  People people(session);
  for (const Node& node : nodes) {
    const bool more = std::ranges::any_of(writable, [&](const FilePath& path) { return path.covers(node.path); });
    TRY(FileInfo file, describe(people, place.owner, node, more ? Right::kWrite : *place.right));
    page.files.push_back(std::move(file));
  }
  return page;
}

}  // namespace

Result<FilePage> FileService::list(const accounts::Account& caller, const Address& folder, const ListQuery& query) {
  TRY_VOID(check_limit(query.limit));
  if (query.recursive && query.sort != SortBy::kName) {
    return not_valid("QUERY_DID_NOT_VALIDATE", "sort", "All depths are listed by name alone.");
  }
  return impl_->core.parts.database.read([&](metadata::Session& session) -> Result<FilePage> {
    TRY(const Place place, look_readable(session, caller, folder));
    if (!place.is_folder()) return is_no_folder(folder.path.text());
    return list_in(session, caller, place, query);
  });
}

}  // namespace lakelift::files
