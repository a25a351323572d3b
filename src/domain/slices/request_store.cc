#include "domain/slices/request_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "domain/slices/normal_key.h"

namespace lakelift::slices::store {
namespace {

using metadata::Param;
using metadata::Session;
using metadata::Transaction;

constexpr std::string_view kSelect =
    "SELECT q.id, q.spec, q.item_id, q.created_by, q.is_cancelled, q.estimated_bytes, q.created_at, q.changed_at,"
    " q.normal_key, q.source_version, q.run_id, q.result_id, r.state, r.rows_read, r.rows_total, r.error_code,"
    " r.error_event, r.error_message, s.object_key, s.sha256, s.rows_written, s.size_bytes, a.state, a.reason,"
    " a.answer, q.stale_since"
    " FROM slices_requests q LEFT JOIN slices_runs r ON r.id = q.run_id"
    " LEFT JOIN slices_results s ON s.id = q.result_id LEFT JOIN slices_approvals a ON a.request_id = q.id";

// Ids in one IN list; SQLite takes 32,766 parameters, PostgreSQL 65,535.
constexpr std::size_t kIdsPerQuery = 500;
// Each round loses only to a request that was made and cancelled meanwhile.
constexpr int kJoinRounds = 8;

using OptInt = std::optional<std::int64_t>;
using OptText = std::optional<std::string>;
using RequestRow =
    std::tuple<std::int64_t, std::string, std::int64_t, std::int64_t, bool, OptInt, std::int64_t, std::int64_t, OptText,
               std::string, OptText, OptInt, OptText, std::int64_t, std::int64_t, OptText, OptText, OptText, OptText,
               OptText, OptInt, OptInt, OptText, OptText, OptText, OptInt>;

Code code_of(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    if (code_name(static_cast<Code>(i)) == name) return static_cast<Code>(i);
  }
  return Code::kInternal;
}

RunState state_of(bool is_cancelled, bool has_result, const OptText& run_state, const OptText& approval) {
  if (is_cancelled) return RunState::kCancelled;
  if (has_result) return RunState::kDone;
  if (!run_state && approval == "WAITING") return RunState::kWaiting;
  if (!run_state && approval == "DENIED") return RunState::kFailed;
  for (const RunState state : {RunState::kRunning, RunState::kFailed, RunState::kCancelled}) {
    if (run_state == name_of(state)) return state;
  }
  return RunState::kQueued;
}

Error denied(const std::string& reason, const OptText& answer) {
  std::string message = fmt::format("an administrator said no to it: {}", reason);
  if (answer) message = fmt::format("an administrator said no to it: {} ({})", *answer, reason);
  return Error{Code::kForbidden, "DOWNLOADREQUEST_DENIED", std::move(message), {}};
}

Result<StoredRequest> from_row(RequestRow&& row) {
  auto& [id, spec, item_id, created_by, is_cancelled, estimated, created_at, changed_at, key, version, run_id,
         result_id, run_state, rows_read, rows_total, error_code, error_event, error_message, object_key, sha256, rows,
         size, approval, reason, answer, stale_since] = row;
  StoredRequest out;
  DownloadRequest& request = out.request;
  request.id = id;
  TRY(request.spec, spec_from_stored_text(spec));
  request.catalogue_item_id = item_id;
  request.state = state_of(is_cancelled, result_id.has_value(), run_state, approval);
  if (request.state == RunState::kWaiting) request.waits_for = std::move(reason);
  if (request.state == RunState::kFailed && !run_state) {
    request.failure = denied(reason.value_or(""), answer);
  } else if (request.state == RunState::kFailed) {
    request.failure = Error{code_of(error_code.value_or("")), error_event.value_or(""), error_message.value_or(""), {}};
  }
  request.run_id = std::move(run_id);
  request.result_key = std::move(object_key);
  request.result_sha256 = std::move(sha256);
  request.rows = rows;
  request.real_size = size;
  request.estimated_size = estimated;
  request.rows_read = rows_read;
  request.rows_total = rows_total;
  request.is_cancelled = is_cancelled;
  request.created_at = created_at;
  request.changed_at = changed_at;
  out.created_by = created_by;
  out.normal_key = key.value_or("");
  request.source_version = version;
  request.stale_since = stale_since;
  out.source_version = std::move(version);
  out.result_id = result_id;
  return out;
}

Result<std::vector<StoredRequest>> select(Session& session, std::string_view where, const metadata::Params& params) {
  const std::string sql = fmt::format("{} {}", kSelect, where);
  TRY(auto cells, [&]<typename... T>(std::tuple<T...>*) {
    return session.rows<T...>(sql, params);
  }(static_cast<RequestRow*>(nullptr)));
  std::vector<StoredRequest> out;
  out.reserve(cells.size());
  for (auto& row : cells) {
    TRY(auto request, from_row(std::move(row)));
    out.push_back(std::move(request));
  }
  return out;
}

Result<std::optional<StoredRequest>> select_one(Session& session, std::string_view where,
                                                const metadata::Params& params) {
  TRY(auto all, select(session, where, params));
  if (all.empty()) return std::nullopt;
  return std::optional(std::move(all.front()));
}

Result<std::optional<std::int64_t>> insert(Transaction& tx, const NewRequest& asked) {
  TRY(auto row,
      tx.row<std::int64_t>("INSERT INTO slices_requests (normal_key, item_id, source_version, spec, created_by,"
                           " estimated_bytes, is_cancelled, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)"
                           " ON CONFLICT DO NOTHING RETURNING id",
                           {asked.normal_key, asked.item_id, asked.source_version, to_stored_text(asked.spec),
                            asked.account_id, asked.estimated_bytes, asked.now, asked.now}));
  if (!row) return std::nullopt;
  return std::get<0>(*row);
}

Result<bool> add_waiter(Transaction& tx, std::int64_t id, std::int64_t account_id, Micros now) {
  TRY(auto row, tx.row<std::int64_t>("INSERT INTO slices_waiters (request_id, account_id, joined_at) VALUES (?, ?, ?)"
                                     " ON CONFLICT DO NOTHING RETURNING request_id",
                                     {id, account_id, now}));
  return row.has_value();
}

// Nothing where the one in the way was cancelled before it could be locked.
Result<std::optional<std::int64_t>> lock_live(Transaction& tx, const NewRequest& asked) {
  TRY(auto row, tx.row<std::int64_t>("UPDATE slices_requests SET changed_at = changed_at"
                                     " WHERE normal_key = ? AND is_cancelled = 0 RETURNING id",
                                     {asked.normal_key}));
  if (!row) return std::nullopt;
  return std::get<0>(*row);
}

}  // namespace

Result<Joined> create_or_join(Transaction& tx, const NewRequest& asked) {
  for (int round = 0; round < kJoinRounds; ++round) {
    TRY(auto id, insert(tx, asked));
    const bool created = id.has_value();
    if (!created) {
      TRY(id, lock_live(tx, asked));
    }
    if (!id) continue;
    TRY(const bool new_waiter, add_waiter(tx, *id, asked.account_id, asked.now));
    return Joined{*id, created, new_waiter};
  }
  return fail(Code::kUnavailable, "the same request is being made and cancelled all the time; ask again");
}

Result<std::optional<StoredRequest>> find_request(Session& session, std::int64_t id) {
  return select_one(session, "WHERE q.id = ?", {id});
}

Result<std::optional<StoredRequest>> find_awaited(Session& session, std::int64_t id, std::int64_t account_id) {
  return select_one(session, "JOIN slices_waiters w ON w.request_id = q.id AND w.account_id = ? WHERE q.id = ?",
                    {account_id, id});
}

Result<std::vector<StoredRequest>> list_awaited(Session& session, std::int64_t account_id) {
  return select(session,
                "JOIN slices_waiters w ON w.request_id = q.id WHERE w.account_id = ? ORDER BY q.id DESC LIMIT ?",
                {account_id, limits::kListedRequests});
}

Result<std::vector<std::int64_t>> awaited_ids(Session& session, std::int64_t account_id) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT request_id FROM slices_waiters WHERE account_id = ? ORDER BY request_id",
                                 {account_id}));
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& [id] : rows) ids.push_back(id);
  return ids;
}

Result<std::vector<StoredRequest>> find_requests(Session& session, const std::vector<std::int64_t>& ids) {
  std::vector<StoredRequest> out;
  for (std::size_t from = 0; from < ids.size(); from += kIdsPerQuery) {
    const std::size_t to = std::min(ids.size(), from + kIdsPerQuery);
    metadata::Params params(ids.begin() + static_cast<std::ptrdiff_t>(from),
                            ids.begin() + static_cast<std::ptrdiff_t>(to));
    std::string marks = "?";
    for (std::size_t i = from + 1; i < to; ++i) marks += ", ?";
    TRY(auto some, select(session, fmt::format("WHERE q.id IN ({})", marks), params));
    std::ranges::move(some, std::back_inserter(out));
  }
  return out;
}

Result<bool> is_waiter(Session& session, std::int64_t id, std::int64_t account_id) {
  TRY(auto row, session.row<std::int64_t>("SELECT request_id FROM slices_waiters WHERE request_id = ?"
                                          " AND account_id = ?",
                                          {id, account_id}));
  return row.has_value();
}

Result<std::int64_t> item_of(Session& session, std::int64_t id) {
  TRY(auto row, session.row<std::int64_t>("SELECT item_id FROM slices_requests WHERE id = ?", {id}));
  return row ? std::get<0>(*row) : 0;
}

Result<std::vector<Waiter>> waiters_of_item(Session& session, std::int64_t item_id) {
  TRY(const auto rows, (session.rows<std::int64_t, std::int64_t>(
                           "SELECT w.request_id, w.account_id FROM slices_waiters w JOIN slices_requests q"
                           " ON q.id = w.request_id WHERE q.item_id = ? AND q.is_cancelled = 0"
                           " ORDER BY w.request_id, w.account_id",
                           {item_id})));
  std::vector<Waiter> out;
  out.reserve(rows.size());
  for (const auto& [request_id, account_id] : rows) out.push_back({request_id, account_id});
  return out;
}

Result<Left> leave(Transaction& tx, std::int64_t id, std::int64_t account_id, Micros now) {
  TRY(const std::int64_t locked, tx.exec("UPDATE slices_requests SET changed_at = changed_at WHERE id = ?", {id}));
  if (locked == 0) return Left{};
  TRY(const std::int64_t removed,
      tx.exec("DELETE FROM slices_waiters WHERE request_id = ? AND account_id = ?", {id, account_id}));
  if (removed == 0) return Left{};
  Left left{true, false, std::nullopt};
  TRY(auto rest, tx.row<std::int64_t>("SELECT COUNT(*) FROM slices_waiters WHERE request_id = ?", {id}));
  if (rest && std::get<0>(*rest) > 0) return left;
  left.cancelled = true;
  TRY_VOID(tx.exec("UPDATE slices_requests SET is_cancelled = 1, changed_at = ? WHERE id = ?", {now, id}));
  // Its runner ends the job; where that one has died, somebody else does after a while.
  const Micros cancel_at = now + Micros{limits::kRunLeaseMs} * 1'000;
  TRY(auto run, tx.row<std::string>("UPDATE slices_runs SET state = 'CANCELLED', lease_owner = NULL,"
                                    " lease_until = NULL, finished_at = ?,"
                                    " cancel_at = CASE WHEN external_id IS NULL THEN NULL ELSE CAST(? AS BIGINT) END"
                                    " WHERE request_id = ? AND state IN ('QUEUED', 'RUNNING') RETURNING id",
                                    {now, cancel_at, id}));
  if (run) left.cancelled_run = std::get<0>(*run);
  return left;
}

Result<std::int64_t> count_not_cancelled(Session& session, std::int64_t item_id) {
  TRY(auto row, session.row<std::int64_t>("SELECT COUNT(*) FROM slices_requests WHERE item_id = ? AND is_cancelled = 0",
                                          {item_id}));
  return row ? std::get<0>(*row) : 0;
}

Result<bool> touch(Transaction& tx, std::int64_t id, Micros now) {
  TRY(const std::int64_t changed,
      tx.exec("UPDATE slices_requests SET changed_at = ? WHERE id = ? AND is_cancelled = 0", {now, id}));
  return changed == 1;
}

}  // namespace lakelift::slices::store
