#include "domain/slices/run_store.h"

#include <fmt/format.h>

#include "domain/slices/normal_key.h"
#include "domain/slices/request_store.h"

namespace lakelift::slices::store {
namespace {

using metadata::Session;
using metadata::Transaction;

// The condition of the indexes of runs that wait or go on, word for word: SQLite uses such an index only where a
// statement repeats it, and else reads all the runs that there ever were.
constexpr std::string_view kLive = "state IN ('QUEUED', 'RUNNING')";

// Engines that have as many runs as they may.
Result<std::vector<std::string>> full_engines(Session& session, const Taker& taker) {
  std::vector<std::string> full;
  TRY(const auto running, (session.rows<std::string, std::int64_t>(
                              fmt::format("SELECT engine, COUNT(*) FROM slices_runs WHERE {} AND state = 'RUNNING'"
                                          " AND (engine <> 'LOCAL' OR lease_owner = ?) GROUP BY engine",
                                          kLive),
                              {taker.owner})));
  for (const auto& [engine, count] : running) {
    const auto type = executors::executor_type_of(engine);
    const auto most = type ? taker.runs_at_once.find(*type) : taker.runs_at_once.end();
    if (most != taker.runs_at_once.end() && count >= static_cast<std::int64_t>(most->second)) full.push_back(engine);
  }
  return full;
}

// The condition over runs `r`, and its parameters added to `params`.
Result<std::string> due(Session& session, const Taker& taker, Micros now, metadata::Params& params) {
  TRY(const auto full, full_engines(session, taker));
  params.emplace_back(now);
  std::string sql = fmt::format("r.{} AND ((r.state = 'QUEUED' AND r.next_attempt_at <= ?", kLive);
  for (const auto& engine : full) {
    sql += " AND r.engine <> ?";
    params.emplace_back(engine);
  }
  sql += ") OR (r.state = 'RUNNING' AND r.lease_until <= ?))";
  params.emplace_back(now);
  for (const auto& id : taker.except) {
    sql += " AND r.id <> ?";
    params.emplace_back(id);
  }
  return sql;
}

Result<void> note_turn(Transaction& tx, std::optional<std::int64_t> account_id) {
  if (!account_id) return {};
  TRY_VOID(
      tx.exec("INSERT INTO slices_turns (account_id, turn) VALUES (?,"
              " (SELECT COALESCE(MAX(turn), 0) + 1 FROM slices_turns))"
              " ON CONFLICT (account_id) DO UPDATE SET turn = excluded.turn",
              {*account_id}));
  return {};
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
  TRY(auto row,
      tx.row<std::string>("INSERT INTO slices_runs (id, request_id, state, attempt, failures, fence, next_attempt_at,"
                          " idempotency_token, rows_read, rows_total, created_at, asked_by, engine, expected_bytes,"
                          " expected_micros) VALUES (?, ?, 'QUEUED', 0, 0, 0, ?, ?, 0, 0, ?, ?, ?, ?, ?)"
                          " ON CONFLICT DO NOTHING RETURNING id",
                          {run.id, run.request_id, run.now, run.idempotency_token, run.now, run.asked_by,
                           executors::name_of(run.engine), run.expected.bytes, run.expected.micros}));
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

Result<std::optional<Answer>> find_answer(Transaction& tx, const std::string& normal_key, const NewRun& run) {
  TRY(const bool answered, has_result(tx, run.request_id));
  if (answered) return Answer::kHeld;
  TRY(auto held, find_result(tx, normal_key));
  if (held) {
    TRY_VOID(tx.exec("UPDATE slices_requests SET result_id = ?, run_id = ?, changed_at = ? WHERE id = ?",
                     {held->id, held->run_id, run.now, run.request_id}));
    return Answer::kHeld;
  }
  TRY(auto live,
      tx.row<std::string>("SELECT id FROM slices_runs WHERE request_id = ? AND state IN ('QUEUED', 'RUNNING')",
                          {run.request_id}));
  return live ? std::optional(Answer::kRunGoesOn) : std::nullopt;
}

Result<Answer> queue_run(Transaction& tx, const NewRun& run) {
  TRY(const bool queued, insert_run(tx, run));
  if (!queued) return Answer::kRunGoesOn;
  TRY_VOID(
      tx.exec("UPDATE slices_requests SET run_id = ?, changed_at = ? WHERE id = ?", {run.id, run.now, run.request_id}));
  return Answer::kRunQueued;
}

Result<Answer> answer_now(Session& session, const std::string& normal_key) {
  TRY(const auto held, find_result(session, normal_key));
  if (held) return Answer::kHeld;
  TRY(const auto run, session.row<std::string>("SELECT r.id FROM slices_requests q JOIN slices_runs r ON r.request_id"
                                               " = q.id WHERE q.normal_key = ? AND q.is_cancelled = 0 AND r.state IN"
                                               " ('QUEUED', 'RUNNING') LIMIT 1",
                                               {normal_key}));
  return run ? Answer::kRunGoesOn : Answer::kRunQueued;
}

Result<bool> any_due(Session& session, const Taker& taker, Micros now) {
  metadata::Params params;
  TRY(const std::string condition, due(session, taker, now, params));
  TRY(auto row,
      session.row<std::string>(fmt::format("SELECT r.id FROM slices_runs r WHERE {} LIMIT 1", condition), params));
  return row.has_value();
}

Result<std::optional<Lease>> lease(Transaction& tx, const Taker& taker, Micros now, Micros until) {
  metadata::Params params{taker.owner, until, now};
  const std::string_view skip = tx.dialect() == metadata::Dialect::kPostgresql ? " FOR UPDATE OF r SKIP LOCKED" : "";
  TRY(const std::string condition, due(tx, taker, now, params));
  const std::string sql = fmt::format(
      "UPDATE slices_runs SET state = 'RUNNING', lease_owner = ?, lease_until = ?, fence = fence + 1,"
      " attempt = attempt + 1, started_at = CASE WHEN started_at IS NOT NULL AND (state = 'RUNNING' OR external_id IS"
      " NOT NULL) THEN started_at ELSE ? END WHERE id = (SELECT r.id FROM slices_runs r"
      " LEFT JOIN slices_turns t ON t.account_id = r.asked_by"
      " LEFT JOIN (SELECT asked_by, COUNT(*) AS running FROM slices_runs WHERE {} AND state = 'RUNNING'"
      " GROUP BY asked_by) b"
      " ON b.asked_by = r.asked_by WHERE {} ORDER BY CASE r.state WHEN 'RUNNING' THEN 0 ELSE 1 END,"
      " COALESCE(b.running, 0), COALESCE(t.turn, 0), r.created_at, r.id LIMIT 1{})"
      " RETURNING id, request_id, fence, attempt, failures, idempotency_token, external_id, asked_by, engine,"
      " started_at",
      kLive, condition, skip);
  TRY(auto row,
      tx.row<std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::string,
             std::optional<std::string>, std::optional<std::int64_t>, std::string, std::int64_t>(sql, params));
  if (!row) return std::nullopt;
  auto& [id, request_id, fence, attempt, failures, token, external_id, asked_by, engine, started_at] = *row;
  TRY_VOID(note_turn(tx, asked_by));
  return Lease{.run_id = std::move(id),
               .request_id = request_id,
               .fence = fence,
               .attempt = static_cast<int>(attempt),
               .failures = static_cast<int>(failures),
               .idempotency_token = std::move(token),
               .external_id = std::move(external_id),
               .asked_by = asked_by,
               .engine = executors::executor_type_of(engine).value_or(executors::ExecutorType::kLocal),
               .started_at = started_at};
}

Result<std::int64_t> release_all(Transaction& tx) {
  return tx.exec(
      fmt::format("UPDATE slices_runs SET state = 'QUEUED', lease_owner = NULL, lease_until = NULL"
                  " WHERE {} AND state = 'RUNNING'",
                  kLive));
}

Result<std::set<std::string>> live_runs(Session& session) {
  TRY(auto rows, session.rows<std::string>(fmt::format("SELECT id FROM slices_runs WHERE {}", kLive)));
  std::set<std::string> ids;
  for (auto& [id] : rows) ids.insert(std::move(id));
  return ids;
}

Result<std::optional<Work>> work_of(Session& session, const Lease& lease) {
  TRY(auto row, session.row<std::int64_t, std::string, std::string, std::string, std::int64_t>(
                    "SELECT q.item_id, q.source_version, q.normal_key, q.spec, q.created_by FROM slices_runs r"
                    " JOIN slices_requests q ON q.id = r.request_id"
                    " WHERE r.id = ? AND r.fence = ? AND r.state = 'RUNNING' AND q.is_cancelled = 0",
                    {lease.run_id, lease.fence}));
  if (!row) return std::nullopt;
  auto& [item_id, version, key, spec_text, created_by] = *row;
  TRY(auto spec, spec_from_stored_text(spec_text));
  return Work{item_id, std::move(version), std::move(key), std::move(spec), created_by};
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

Result<void> leave_job(Transaction& tx, const Lease& lease, const std::string& id, Micros now) {
  TRY_VOID(
      tx.exec("UPDATE slices_runs SET external_id = ?, cancel_at = ?"
              " WHERE id = ? AND fence = ? AND state NOT IN ('QUEUED', 'RUNNING')",
              {id, now, lease.run_id, lease.fence}));
  return {};
}

Result<bool> is_taken_up(Session& session, const Lease& lease) {
  TRY(auto row, session.row<std::int64_t>("SELECT fence FROM slices_runs WHERE id = ?", {lease.run_id}));
  return row && std::get<0>(*row) != lease.fence;
}

Result<bool> release(Transaction& tx, const Lease& lease, const std::optional<std::string>& new_token) {
  constexpr std::string_view kBack = "state = 'QUEUED', lease_owner = NULL, lease_until = NULL, attempt = attempt - 1";
  if (!new_token) return update_held(tx, lease, kBack, {});
  return update_held(tx, lease, fmt::format("{}, external_id = NULL, plan = NULL, idempotency_token = ?", kBack),
                     {*new_token});
}

Result<bool> retry_at(Transaction& tx, const Lease& lease, const Error& error, Micros when,
                      const std::optional<std::string>& new_token) {
  return update_held(tx, lease,
                     "state = 'QUEUED', lease_owner = NULL, lease_until = NULL, failures = failures + 1,"
                     " next_attempt_at = ?, error_code = ?, error_event = ?, error_message = ?,"
                     " external_id = CASE WHEN CAST(? AS BIGINT) = 1 THEN NULL ELSE external_id END,"
                     " idempotency_token = COALESCE(CAST(? AS TEXT), idempotency_token)",
                     {when, code_name(error.code), error.event, error.message, new_token.has_value(), new_token});
}

Result<bool> finish_failed(Transaction& tx, const Lease& lease, const Error& error, Micros now, const Cost& paid,
                           bool may_job_go_on) {
  TRY(const bool live, touch(tx, lease.request_id, now));
  if (!live) return false;
  const std::optional<Micros> cancel_at = may_job_go_on ? std::optional(now) : std::nullopt;
  return update_held(
      tx, lease,
      "state = 'FAILED', lease_owner = NULL, lease_until = NULL, failures = failures + 1,"
      " finished_at = ?, error_code = ?, error_event = ?, error_message = ?, scanned_bytes = ?,"
      " money_micros = ?, cancel_at = CASE WHEN external_id IS NULL THEN NULL ELSE CAST(? AS BIGINT) END",
      {now, code_name(error.code), error.event, error.message, paid.bytes, paid.micros, cancel_at});
}

Result<bool> any_left_job(Session& session, Micros now) {
  TRY(auto row, session.row<std::string>("SELECT id FROM slices_runs WHERE cancel_at IS NOT NULL AND cancel_at <= ?"
                                         " LIMIT 1",
                                         {now}));
  return row.has_value();
}

Result<std::optional<LeftJob>> take_left_job(Transaction& tx, Micros now, Micros again) {
  const std::string_view skip = tx.dialect() == metadata::Dialect::kPostgresql ? " FOR UPDATE SKIP LOCKED" : "";
  TRY(auto row, (tx.row<std::string, std::int64_t, std::string, std::string, std::int64_t, std::int64_t>(
                    fmt::format("UPDATE slices_runs SET cancel_at = ?, cancel_tries = cancel_tries + 1 WHERE id ="
                                " (SELECT id FROM slices_runs WHERE cancel_at IS NOT NULL AND cancel_at <= ?"
                                " ORDER BY cancel_at, id LIMIT 1{})"
                                " RETURNING id, request_id, COALESCE(external_id, ''), engine, cancel_tries,"
                                " COALESCE(finished_at, created_at)",
                                skip),
                    {again, now})));
  if (!row) return std::nullopt;
  auto& [id, request_id, external_id, engine, tries, left_at] = *row;
  return LeftJob{std::move(id),           request_id, std::move(external_id), std::move(engine),
                 static_cast<int>(tries), left_at};
}

Result<void> put_off_left_job(Transaction& tx, const std::string& run_id, Micros until, bool counts) {
  TRY_VOID(tx.exec("UPDATE slices_runs SET cancel_at = ?, cancel_tries = cancel_tries - ? WHERE id = ?",
                   {until, counts ? 0 : 1, run_id}));
  return {};
}

Result<void> forget_left_job(Transaction& tx, const std::string& run_id) {
  TRY_VOID(tx.exec("UPDATE slices_runs SET cancel_at = NULL WHERE id = ?", {run_id}));
  return {};
}

Result<void> job_ended(Transaction& tx, const Lease& lease) {
  TRY_VOID(tx.exec("UPDATE slices_runs SET cancel_at = NULL WHERE id = ? AND fence = ?", {lease.run_id, lease.fence}));
  return {};
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
