#include "domain/slices/approval_store.h"

#include <tuple>

namespace lakelift::slices::store {
namespace {

using metadata::Session;
using metadata::Transaction;

constexpr std::string_view kSelect =
    "SELECT a.request_id, a.asked_by, a.engine, a.expected_bytes, a.expected_micros, a.reason, a.asked_at"
    " FROM slices_approvals a JOIN slices_requests q ON q.id = a.request_id"
    " WHERE a.state = 'WAITING' AND q.is_cancelled = 0";

Result<std::vector<Approval>> select(Session& session, std::string_view rest, const metadata::Params& params) {
  TRY(auto rows,
      (session.rows<std::int64_t, std::int64_t, std::string, std::int64_t, std::int64_t, std::string, std::int64_t>(
          std::string(kSelect).append(rest), params)));
  std::vector<Approval> out;
  out.reserve(rows.size());
  for (auto& [request_id, asked_by, engine, bytes, micros, reason, asked_at] : rows) {
    out.push_back({request_id,
                   asked_by,
                   executors::executor_type_of(engine).value_or(executors::ExecutorType::kLocal),
                   {bytes, micros},
                   std::move(reason),
                   asked_at});
  }
  return out;
}

}  // namespace

Result<void> put_waiting(Transaction& tx, const Approval& approval) {
  TRY_VOID(tx.exec(
      "INSERT INTO slices_approvals (request_id, state, asked_by, engine, expected_bytes, expected_micros, reason,"
      " asked_at) VALUES (?, 'WAITING', ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id) DO UPDATE SET"
      " state = 'WAITING', asked_by = excluded.asked_by, engine = excluded.engine, expected_bytes = "
      "excluded.expected_bytes,"
      " expected_micros = excluded.expected_micros, reason = excluded.reason,"
      " asked_at = excluded.asked_at, decided_by = NULL, decided_at = NULL, answer = NULL",
      {approval.request_id, approval.asked_by, executors::name_of(approval.engine), approval.expected.bytes,
       approval.expected.micros, approval.reason, approval.asked_at}));
  TRY_VOID(tx.exec("UPDATE slices_requests SET run_id = NULL, changed_at = ? WHERE id = ?",
                   {approval.asked_at, approval.request_id}));
  return {};
}

Result<void> drop_approval(Transaction& tx, std::int64_t request_id) {
  TRY_VOID(tx.exec("DELETE FROM slices_approvals WHERE request_id = ?", {request_id}));
  return {};
}

Result<std::optional<Approval>> find_waiting(Session& session, std::int64_t request_id) {
  TRY(auto found, select(session, " AND a.request_id = ?", {request_id}));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

Result<std::vector<Approval>> list_waiting(Session& session, int limit) {
  return select(session, " ORDER BY a.request_id LIMIT ?", {limit});
}

Result<bool> decide(Transaction& tx, std::int64_t request_id, const Decision& decision) {
  TRY(const std::int64_t changed,
      tx.exec("UPDATE slices_approvals SET state = ?, answer = ?, decided_by = ?, decided_at = ?"
              " WHERE request_id = ? AND state = 'WAITING'",
              {decision.is_yes ? "APPROVED" : "DENIED", decision.answer, decision.by, decision.at, request_id}));
  return changed == 1;
}

}  // namespace lakelift::slices::store
