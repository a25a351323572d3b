#include "domain/slices/result_store.h"

namespace lakelift::slices::store {

Result<void> note_origin(metadata::Transaction& tx, const std::string& object_key, const Origin& origin) {
  TRY_VOID(
      tx.exec("UPDATE slices_results SET answered_from = ?, read_at = COALESCE((SELECT s.read_at FROM"
              " slices_requests q JOIN slices_results s ON s.id = q.result_id WHERE q.id = ?), ?)"
              " WHERE object_key = ?",
              {origin.answered_from, origin.derived_from, origin.now, object_key}));
  return {};
}

Result<std::optional<KnownOrigin>> find_origin(metadata::Session& session, std::int64_t result_id) {
  TRY(auto row,
      (session.row<std::optional<std::string>, std::int64_t>(
          "SELECT answered_from, COALESCE(read_at, created_at) FROM slices_results WHERE id = ?", {result_id})));
  if (!row) return std::nullopt;
  KnownOrigin origin{std::move(std::get<0>(*row)), std::get<1>(*row), {}};
  TRY(auto made, (session.rows<std::string, std::int64_t, std::string>(
                     "SELECT format, size_bytes, sha256 FROM slices_renditions WHERE result_id = ? ORDER BY format",
                     {result_id})));
  for (auto& [format, size, sha256] : made) origin.formats.push_back({std::move(format), size, std::move(sha256)});
  return origin;
}

}  // namespace lakelift::slices::store
