#include "domain/slices/waiter_store.h"

namespace lakelift::slices::store {
namespace {

using Text = std::optional<std::string>;

Result<bool> set(metadata::Transaction& tx, const Waiter& waiter, std::string_view column, const Text& value) {
  const std::string sql =
      std::string("UPDATE slices_waiters SET ").append(column).append(" = ? WHERE request_id = ? AND account_id = ?");
  TRY(const std::int64_t changed, tx.exec(sql, {value, waiter.request_id, waiter.account_id}));
  return changed == 1;
}

}  // namespace

Result<bool> set_label(metadata::Transaction& tx, const Waiter& waiter, const LabelChange& change) {
  TRY(bool waits, is_waiter(tx, waiter.request_id, waiter.account_id));
  if (waits && change.name) {
    TRY(waits, set(tx, waiter, "name", *change.name));
  }
  if (waits && change.note) {
    TRY(waits, set(tx, waiter, "note", *change.note));
  }
  return waits;
}

Result<Label> label_of(metadata::Session& session, const Waiter& waiter) {
  TRY(auto row,
      (session.row<Text, Text>("SELECT name, note FROM slices_waiters WHERE request_id = ? AND account_id = ?",
                               {waiter.request_id, waiter.account_id})));
  if (!row) return Label{};
  return Label{std::move(std::get<0>(*row)), std::move(std::get<1>(*row))};
}

Result<std::map<std::int64_t, Label>> labels_of(metadata::Session& session, std::int64_t account_id) {
  TRY(auto rows,
      (session.rows<std::int64_t, Text, Text>("SELECT request_id, name, note FROM slices_waiters WHERE account_id = ?"
                                              " AND (name IS NOT NULL OR note IS NOT NULL)",
                                              {account_id})));
  std::map<std::int64_t, Label> out;
  for (auto& [id, name, note] : rows) out.emplace(id, Label{std::move(name), std::move(note)});
  return out;
}

Result<std::vector<std::int64_t>> waiters_of(metadata::Session& session, std::int64_t request_id) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT account_id FROM slices_waiters WHERE request_id = ? ORDER BY account_id",
                                 {request_id}));
  std::vector<std::int64_t> out;
  out.reserve(rows.size());
  for (const auto& [id] : rows) out.push_back(id);
  return out;
}

}  // namespace lakelift::slices::store
