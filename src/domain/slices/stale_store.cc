#include "domain/slices/stale_store.h"

#include "domain/slices/aged_version.h"

namespace lakelift::slices::store {

Result<std::string> version_for_asking(metadata::Transaction& tx, const catalogue::CatalogueItem& item,
                                       const std::string& engine_version, Micros now) {
  if (!item.max_age_seconds) return engine_version;
  const Micros too_old = now - *item.max_age_seconds * kMicrosPerSecond;
  // One statement: of two servers that both find it too old, one begins the new age.
  TRY_VOID(
      tx.exec("INSERT INTO slices_generations (item_id, engine_version, started_at) VALUES (?, ?, ?)"
              " ON CONFLICT (item_id, engine_version) DO UPDATE SET started_at = excluded.started_at"
              " WHERE slices_generations.started_at <= ?",
              {item.id, engine_version, now, too_old}));
  TRY(const auto row,
      tx.row<std::int64_t>("SELECT started_at FROM slices_generations WHERE item_id = ? AND engine_version = ?",
                           {item.id, engine_version}));
  if (!row) return fail(Code::kInternal, "an age that was just begun is not there");
  return aged_version(engine_version, std::get<0>(*row));
}

Result<std::vector<std::string>> live_versions(metadata::Session& session, std::int64_t item_id) {
  TRY(auto rows, session.rows<std::string>("SELECT DISTINCT source_version FROM slices_requests WHERE item_id = ?"
                                           " AND is_cancelled = 0",
                                           {item_id}));
  std::vector<std::string> out;
  out.reserve(rows.size());
  for (auto& [version] : rows) out.push_back(std::move(version));
  return out;
}

Result<std::vector<std::int64_t>> mark_stale(metadata::Transaction& tx, std::int64_t item_id,
                                             const std::string& version, Micros since) {
  TRY(const auto rows, (tx.rows<std::int64_t, std::optional<std::int64_t>>(
                           "UPDATE slices_requests SET stale_since = ? WHERE item_id = ? AND source_version = ?"
                           " AND is_cancelled = 0 AND stale_since IS NULL RETURNING id, result_id",
                           {since, item_id, version})));
  std::vector<std::int64_t> held;
  for (const auto& [id, result_id] : rows) {
    if (result_id) held.push_back(id);
  }
  return held;
}

Result<void> mark_fresh(metadata::Transaction& tx, std::int64_t item_id, const std::string& version) {
  TRY_VOID(
      tx.exec("UPDATE slices_requests SET stale_since = NULL WHERE item_id = ? AND source_version = ?"
              " AND stale_since IS NOT NULL",
              {item_id, version}));
  return {};
}

Result<void> refresh_if_moved(metadata::Transaction& tx, std::int64_t request_id, const std::string& asked) {
  TRY_VOID(tx.exec("UPDATE slices_requests SET stale_since = NULL WHERE id = ? AND source_version <> ?",
                   {request_id, asked}));
  return {};
}

Result<std::vector<Held>> held_fresh(metadata::Session& session, std::int64_t item_id, std::int64_t after, int limit) {
  TRY(auto rows, (session.rows<std::int64_t, std::string, std::int64_t>(
                     "SELECT id, source_version, created_at FROM slices_requests WHERE item_id = ? AND id > ?"
                     " AND is_cancelled = 0 AND result_id IS NOT NULL AND stale_since IS NULL ORDER BY id LIMIT ?",
                     {item_id, after, limit})));
  std::vector<Held> out;
  out.reserve(rows.size());
  for (auto& [id, version, created_at] : rows) out.push_back({id, std::move(version), created_at});
  return out;
}

Result<bool> mark_request_stale(metadata::Transaction& tx, std::int64_t request_id, Micros since) {
  TRY(const std::int64_t changed,
      tx.exec("UPDATE slices_requests SET stale_since = ? WHERE id = ? AND is_cancelled = 0 AND stale_since IS NULL",
              {since, request_id}));
  return changed == 1;
}

}  // namespace lakelift::slices::store
