#include "domain/slices/run_store.h"

#include <fmt/format.h>

#include "domain/slices/normal_key.h"
#include "domain/slices/request_store.h"

namespace lakelift::slices::store {
namespace {

using metadata::Session;
using metadata::Transaction;

// The condition, and its parameters added to `params`.
std::string due(Micros now, const std::vector<std::string>& except, metadata::Params& params) {
  params.insert(params.end(), {now, now});
  std::string sql = "((state = 'QUEUED' AND next_attempt_at <= ?) OR (state = 'RUNNING' AND lease_until <= ?))";
  for (const auto& id : except) {
    sql += " AND id <> ?";
    params.emplace_back(id);
  }
  return sql;
}

constexpr std::string_view kHeld = "WHERE id = ? AND fence = ? AND state = 'RUNNING'";

Result<bool> update_held(Transaction& tx, const Lease& lease, std::string_view set, metadata::Params params) {
  params.emplace_back(lease.run_id);
  params.emplace_back(lease.fence);
  TRY(const std::int64_t changed, tx.exec(fmt::format("UPDATE slices_runs SET {} {}", set, kHeld), params));
  return changed == 1;
}

struct HeldResult {
  std::int64_t id = 0;
  std::string run_id;
};

Result<std::optional<HeldResult>> find_result(Session& session, const std::string& normal_key) {
  TRY(auto row, session.row<std::int64_t, std::string>("SELECT id, run_id FROM slices_results WHERE normal_key = ?",
                                                       {normal_key}));
  if (!row) return std::nullopt;
  return HeldResult{std::get<0>(*row), std::get<1>(*row)};
}

Result<bool> has_result(Session& session, std::int64_t request_id) {
  TRY(auto row,
      session.row<std::optional<std::int64_t>>("SELECT result_id FROM slices_requests WHERE id = ?", {request_id}));
  return row && std::get<0>(*row).has_value();
}

Result<bool> insert_run(Transaction& tx, const NewRun& run) {
  TRY(auto row, tx.row<std::string>(
                    "INSERT INTO slices_runs (id, request_id, state, attempt, failures, fence, next_attempt_at,"
                    " idempotency_token, rows_read, rows_total, created_at) VALUES (?, ?, 'QUEUED', 0, 0, 0, ?, ?, 0,"
                    " 0, ?) ON CONFLICT DO NOTHING RETURNING id",
                    {run.id, run.request_id, run.now, run.idempotency_token, run.now}));
  return row.has_value();
}

struct Kept {
  std::int64_t result_id = 0;
  bool superfluous = false;
};

Result<Kept> keep_result(Transaction& tx, const Lease& lease, const Work& work, const std::string& key,
                         const std::string& version, const storage::ObjectInfo& object, std::int64_t rows, Micros now) {
  TRY(auto row,
      tx.row<std::int64_t>(
          "INSERT INTO slices_results (normal_key, item_id, source_version, object_key, size_bytes, sha256,"
          " rows_written, run_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
          " ON CONFLICT DO NOTHING RETURNING id",
          {key, work.item_id, version, object.key, object.size_bytes, object.sha256, rows, lease.run_id, now}));
  if (row) return Kept{std::get<0>(*row), false};
  TRY(auto held, find_result(tx, key));
  if (!held) return fail(Code::kInternal, "a result of the run is neither new nor held");
  return Kept{held->id, true};
}

// The run read newer data than were asked for: the request answers for those from now on, or, where a live request
// does so already, can't be joined any more.
Result<void> move_to_version(Transaction& tx, const Lease& lease, const std::string& key, const std::string& version) {
  TRY(auto other, tx.row<std::int64_t>("SELECT id FROM slices_requests WHERE normal_key = ? AND is_cancelled = 0"
                                       " AND id <> ?",
                                       {key, lease.request_id}));
  const std::optional<std::string> new_key = other ? std::nullopt : std::optional(key);
  TRY_VOID(tx.exec("UPDATE slices_requests SET normal_key = ?, source_version = ? WHERE id = ?",
                   {new_key, version, lease.request_id}));
  return {};
}

}  // namespace

Result<Answer> ensure_answer(Transaction& tx, const std::string& normal_key, const NewRun& run) {
  TRY(const bool answered, has_result(tx, run.request_id));
  if (answered) return Answer::kHeld;
  TRY(auto held, find_result(tx, normal_key));
  if (held) {
    TRY_VOID(tx.exec("UPDATE slices_requests SET result_id = ?, run_id = ?, changed_at = ? WHERE id = ?",
                     {held->id, held->run_id, run.now, run.request_id}));
    return Answer::kHeld;
  }
  TRY(const bool queued, insert_run(tx, run));
  if (!queued) return Answer::kRunGoesOn;
  TRY_VOID(
      tx.exec("UPDATE slices_requests SET run_id = ?, changed_at = ? WHERE id = ?", {run.id, run.now, run.request_id}));
  return Answer::kRunQueued;
}

Result<bool> any_due(Session& session, Micros now, const std::vector<std::string>& except) {
  metadata::Params params;
  const std::string sql = fmt::format("SELECT id FROM slices_runs WHERE {} LIMIT 1", due(now, except, params));
  TRY(auto row, session.row<std::string>(sql, params));
  return row.has_value();
}

Result<std::optional<Lease>> lease(Transaction& tx, const std::string& owner, Micros now, Micros until,
                                   const std::vector<std::string>& except) {
  metadata::Params params{owner, until};
  const std::string_view skip = tx.dialect() == metadata::Dialect::kPostgresql ? " FOR UPDATE SKIP LOCKED" : "";
  const std::string sql = fmt::format(
      "UPDATE slices_runs SET state = 'RUNNING', lease_owner = ?, lease_until = ?, fence = fence + 1,"
      " attempt = attempt + 1 WHERE id = (SELECT id FROM slices_runs WHERE {} ORDER BY created_at, id LIMIT 1{})"
      " RETURNING id, request_id, fence, attempt, failures, idempotency_token, external_id",
      due(now, except, params), skip);
  TRY(auto row, tx.row<std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::string,
                       std::optional<std::string>>(sql, params));
  if (!row) return std::nullopt;
  auto& [id, request_id, fence, attempt, failures, token, external_id] = *row;
  return Lease{
      std::move(id),         request_id, fence, static_cast<int>(attempt), static_cast<int>(failures), std::move(token),
      std::move(external_id)};
}

Result<std::int64_t> release_all(Transaction& tx) {
  return tx.exec(
      "UPDATE slices_runs SET state = 'QUEUED', lease_owner = NULL, lease_until = NULL WHERE state = 'RUNNING'");
}

Result<std::optional<Work>> work_of(Session& session, const Lease& lease) {
  TRY(auto row, session.row<std::int64_t, std::string, std::string, std::string>(
                    "SELECT q.item_id, q.source_version, q.normal_key, q.spec FROM slices_runs r"
                    " JOIN slices_requests q ON q.id = r.request_id"
                    " WHERE r.id = ? AND r.fence = ? AND r.state = 'RUNNING' AND q.is_cancelled = 0",
                    {lease.run_id, lease.fence}));
  if (!row) return std::nullopt;
  auto& [item_id, version, key, spec_text] = *row;
  TRY(auto spec, spec_from_stored_text(spec_text));
  return Work{item_id, std::move(version), std::move(key), std::move(spec)};
}

Result<std::vector<HeldSlice>> held_slices(Session& session, std::int64_t item_id, const std::string& source_version) {
  TRY(auto rows, (session.rows<std::int64_t, std::string, std::int64_t, std::string, std::string>(
                     "SELECT q.id, r.object_key, r.size_bytes, r.sha256, q.spec FROM slices_results r"
                     " JOIN slices_requests q ON q.id = (SELECT MIN(id) FROM slices_requests WHERE result_id = r.id)"
                     " WHERE r.item_id = ? AND r.source_version = ? ORDER BY r.size_bytes, r.id LIMIT ?",
                     {item_id, source_version, kHeldSlicesLooked})));
  std::vector<HeldSlice> out;
  for (auto& [request_id, key, size, sha256, text] : rows) {
    TRY(auto spec, spec_from_stored_text(text));
    out.push_back({request_id, {std::move(key), static_cast<std::uint64_t>(size), std::move(sha256)}, std::move(spec)});
  }
  return out;
}

Result<bool> renew(Transaction& tx, const Lease& lease, Micros until, const executors::RunProgress& progress) {
  return update_held(tx, lease, "lease_until = ?, rows_read = ?, rows_total = ?",
                     {until, progress.rows_read, progress.rows_total});
}

Result<bool> set_external_id(Transaction& tx, const Lease& lease, const std::string& id) {
  return update_held(tx, lease, "external_id = ?", {id});
}

Result<bool> release(Transaction& tx, const Lease& lease, const std::string& new_token) {
  return update_held(tx, lease,
                     "state = 'QUEUED', lease_owner = NULL, lease_until = NULL, attempt = attempt - 1,"
                     " external_id = NULL, idempotency_token = ?",
                     {new_token});
}

Result<bool> retry_at(Transaction& tx, const Lease& lease, const Error& error, Micros when) {
  return update_held(tx, lease,
                     "state = 'QUEUED', lease_owner = NULL, lease_until = NULL, failures = failures + 1,"
                     " next_attempt_at = ?, error_code = ?, error_event = ?, error_message = ?",
                     {when, code_name(error.code), error.event, error.message});
}

Result<bool> finish_failed(Transaction& tx, const Lease& lease, const Error& error, Micros now) {
  TRY(const bool live, touch(tx, lease.request_id, now));
  if (!live) return false;
  return update_held(tx, lease,
                     "state = 'FAILED', lease_owner = NULL, lease_until = NULL, failures = failures + 1,"
                     " finished_at = ?, error_code = ?, error_event = ?, error_message = ?",
                     {now, code_name(error.code), error.event, error.message});
}

Result<Finished> finish_done(Transaction& tx, const Lease& lease, const Work& work, const storage::ObjectInfo& object,
                             const executors::RunReport& report, const executors::RunProgress& progress, Micros now) {
  TRY(const bool live, touch(tx, lease.request_id, now));
  if (!live) return Finished{true, false};
  TRY(const bool held,
      update_held(
          tx, lease,
          "state = 'DONE', lease_owner = NULL, lease_until = NULL, finished_at = ?,"
          " rows_written = ?, scanned_bytes = ?, money_micros = ?, rows_read = ?, rows_total = ?, error_code = NULL,"
          " error_event = NULL, error_message = NULL",
          {now, report.rows, report.scanned_bytes, report.money_micros, progress.rows_read, progress.rows_total}));
  if (!held) return Finished{true, false};
  const std::string& version = report.source_version.empty() ? work.source_version : report.source_version;
  const bool same = version == work.source_version;
  const std::string key = same ? work.normal_key : normal_key(work.item_id, version, work.spec);
  if (!same) TRY_VOID(move_to_version(tx, lease, key, version));
  TRY(const Kept kept, keep_result(tx, lease, work, key, version, object, report.rows, now));
  TRY_VOID(tx.exec("UPDATE slices_requests SET result_id = ? WHERE id = ?", {kept.result_id, lease.request_id}));
  return Finished{false, kept.superfluous};
}

Result<bool> is_result(Session& session, const std::string& object_key) {
  TRY(auto row, session.row<std::int64_t>("SELECT id FROM slices_results WHERE object_key = ?", {object_key}));
  return row.has_value();
}

}  // namespace lakelift::slices::store
