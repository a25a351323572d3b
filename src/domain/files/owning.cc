// Which stored objects rows of this folder refer to. Rows of deleted accounts do until they are cleared away.
#include <algorithm>
#include <array>
#include <map>

#include "domain/files/file_service_impl.h"
#include "domain/files/people.h"
#include "domain/files/sql_lists.h"

namespace lakelift::files {
namespace {

struct Column {
  std::string_view table, key, size, sha256;
};
constexpr auto kColumns = std::to_array<Column>({
    {"files_nodes", "object_key", "size_bytes", "sha256"},
    {"files_trash", "object_key", "size_bytes", "sha256"},
    {"files_publications", "table_key", "table_size_bytes", "table_sha256"},
});
constexpr int kSubjects = 100;  // that are told of one object, of each table

using References = std::map<std::string, objects::Reference>;

std::string select_from(const Column& column) {
  return std::string("SELECT DISTINCT ")
      .append(column.key)
      .append(", ")
      .append(column.size)
      .append(", ")
      .append(column.sha256)
      .append(" FROM ")
      .append(column.table)
      .append(" WHERE ")
      .append(column.key);
}

Result<void> add(metadata::Session& session, const std::string& sql, const metadata::Params& params, References& out) {
  TRY(auto rows, (session.rows<std::string, std::int64_t, std::string>(sql, params)));
  for (auto& [key, size, sha256] : rows) {
    out.emplace(key, objects::Reference{key, static_cast<std::uint64_t>(size), std::move(sha256)});
  }
  return {};
}

std::vector<objects::Reference> in_order(References&& all, std::size_t most) {
  std::vector<objects::Reference> out;
  for (auto& [key, reference] : all) {
    if (out.size() == most) break;
    out.push_back(std::move(reference));
  }
  return out;
}

Result<void> add_subjects(metadata::Session& session, People& people, const std::string& what, const std::string& sql,
                          const std::string& key, std::vector<std::string>& out) {
  TRY(const auto rows, (session.rows<std::int64_t, std::string>(sql, {key, kSubjects})));
  for (const auto& [owner_id, path] : rows) {
    TRY(const std::string owner, people.name_of(owner_id));
    out.push_back(owner.empty() ? what + " of a deleted account" : what + " " + owner + "/" + path);
  }
  return {};
}

}  // namespace

Result<std::vector<objects::Reference>> FileService::referenced(metadata::Session& session,
                                                                const std::vector<std::string>& keys) {
  References found;
  for (std::size_t from = 0; from < keys.size(); from += kValuesInList) {
    const std::size_t end = std::min(keys.size(), from + kValuesInList);
    const std::vector some(keys.begin() + static_cast<std::ptrdiff_t>(from),
                           keys.begin() + static_cast<std::ptrdiff_t>(end));
    for (const Column& column : kColumns) {
      metadata::Params params;
      const std::string list = list_of(some, params);
      TRY_VOID(add(session, select_from(column) + " IN " + list, params, found));
    }
  }
  return in_order(std::move(found), keys.size());
}

Result<std::vector<objects::Reference>> FileService::references(metadata::Session& session, const std::string& after,
                                                                int limit) {
  References found;
  for (const Column& column : kColumns) {
    const std::string sql = select_from(column).append(" > ? ORDER BY ").append(column.key).append(" LIMIT ?");
    TRY_VOID(add(session, sql, {after, limit}, found));
  }
  return in_order(std::move(found), static_cast<std::size_t>(std::max(limit, 0)));
}

Result<std::vector<std::string>> FileService::subjects(metadata::Session& session, const std::string& key) {
  People people(session);
  std::vector<std::string> out;
  TRY_VOID(add_subjects(session, people, "file",
                        "SELECT owner_id, path FROM files_nodes WHERE object_key = ? ORDER BY id LIMIT ?", key, out));
  TRY_VOID(add_subjects(session, people, "trash",
                        "SELECT owner_id, path FROM files_trash WHERE object_key = ? ORDER BY id LIMIT ?", key, out));
  TRY_VOID(add_subjects(session, people, "table of",
                        "SELECT n.owner_id, n.path FROM files_publications p JOIN files_nodes n ON n.id = p.file_id "
                        "WHERE p.table_key = ? ORDER BY n.id LIMIT ?",
                        key, out));
  return out;
}

}  // namespace lakelift::files
