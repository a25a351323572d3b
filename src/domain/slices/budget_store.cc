#include "domain/slices/budget_store.h"

namespace lakelift::slices::store {
namespace {

using metadata::Session;
using metadata::Transaction;
using OptInt = std::optional<std::int64_t>;

Result<std::vector<Budget>> select(Session& session, std::string_view where, const metadata::Params& params) {
  const std::string sql =
      std::string("SELECT holder_kind, holder_id, money_micros, bytes, changed_at FROM slices_budgets ")
          .append(where)
          .append(" ORDER BY holder_kind, holder_id");
  TRY(const auto rows, (session.rows<std::string, std::int64_t, OptInt, OptInt, std::int64_t>(sql, params)));
  std::vector<Budget> out;
  out.reserve(rows.size());
  for (const auto& [kind, id, micros, bytes, changed_at] : rows) {
    out.push_back({{holder_kind_of(kind).value_or(HolderKind::kAccount), id}, {micros, bytes}, changed_at});
  }
  return out;
}

}  // namespace

Result<void> put_budget(Transaction& tx, const Budget& budget, std::optional<std::int64_t> changed_by) {
  TRY_VOID(
      tx.exec("INSERT INTO slices_budgets (holder_kind, holder_id, money_micros, bytes, changed_by, changed_at)"
              " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (holder_kind, holder_id) DO UPDATE SET"
              " money_micros = excluded.money_micros, bytes = excluded.bytes, changed_by = excluded.changed_by,"
              " changed_at = excluded.changed_at",
              {name_of(budget.holder.kind), budget.holder.id, budget.limits.micros, budget.limits.bytes, changed_by,
               budget.changed_at}));
  return {};
}

Result<bool> delete_budget(Transaction& tx, const BudgetHolder& holder) {
  TRY(const std::int64_t deleted,
      tx.exec("DELETE FROM slices_budgets WHERE holder_kind = ? AND holder_id = ?", {name_of(holder.kind), holder.id}));
  return deleted == 1;
}

Result<std::optional<Budget>> find_budget(Session& session, const BudgetHolder& holder) {
  TRY(const auto found, select(session, "WHERE holder_kind = ? AND holder_id = ?", {name_of(holder.kind), holder.id}));
  return found.empty() ? std::nullopt : std::optional(found.front());
}

Result<std::vector<Budget>> list_budgets(Session& session) { return select(session, "", {}); }

Result<std::map<std::int64_t, Cost>> reserved_by_account(Session& session) {
  TRY(const auto rows, (session.rows<std::int64_t, std::int64_t, std::int64_t>(
                           "SELECT asked_by, CAST(SUM(expected_bytes) AS BIGINT), CAST(SUM(expected_micros) AS BIGINT)"
                           " FROM slices_runs WHERE state IN ('QUEUED', 'RUNNING') AND asked_by IS NOT NULL"
                           " GROUP BY asked_by")));
  std::map<std::int64_t, Cost> out;
  for (const auto& [account_id, bytes, micros] : rows) out[account_id] = {bytes, micros};
  return out;
}

}  // namespace lakelift::slices::store
