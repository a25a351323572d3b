#include "domain/catalogue/refresh_store.h"

namespace lakelift::catalogue {

Result<void> schedule_refresh(metadata::Transaction& transaction, std::int64_t item_id, Micros due) {
  TRY_VOID(transaction.exec("UPDATE catalogue_items SET profile_due_at = ?, profile_failures = 0 WHERE id = ?",
                            {due, item_id}));
  return {};
}

Result<bool> has_due(metadata::Session& session, Micros now) {
  TRY(const auto row,
      session.row<std::int64_t>("SELECT id FROM catalogue_items WHERE profile_due_at <= ? LIMIT 1", {now}));
  return row.has_value();
}

Result<std::optional<RefreshClaim>> claim_due(metadata::Transaction& transaction, Micros now, Micros until) {
  TRY(const auto row,
      (transaction.row<std::int64_t, std::int64_t>(
          "UPDATE catalogue_items SET profile_due_at = ? WHERE id = (SELECT id FROM catalogue_items "
          "WHERE profile_due_at <= ? ORDER BY profile_due_at, id LIMIT 1) RETURNING id, profile_failures",
          {until, now})));
  if (!row) return std::nullopt;
  return RefreshClaim{std::get<0>(*row), std::get<1>(*row), until};
}

Result<void> settle_claim(metadata::Transaction& transaction, const RefreshClaim& claim, Micros due,
                          std::int64_t failures) {
  TRY_VOID(transaction.exec(
      "UPDATE catalogue_items SET profile_due_at = ?, profile_failures = ? WHERE id = ? AND profile_due_at = ?",
      {due, failures, claim.item_id, claim.until}));
  return {};
}

Result<void> release_claims(metadata::Transaction& transaction, Micros now, Micros latest) {
  TRY_VOID(transaction.exec("UPDATE catalogue_items SET profile_due_at = ? WHERE profile_due_at > ?", {now, latest}));
  return {};
}

}  // namespace lakelift::catalogue
