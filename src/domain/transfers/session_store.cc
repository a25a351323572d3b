#include "domain/transfers/session_store.h"

#include <tuple>

#include "domain/transfers/transfer_limits.h"

namespace lakelift::transfers::store {
namespace {

constexpr Micros kSlot = limits::kSessionSlotSeconds * kMicrosPerSecond;
constexpr Micros kIdle = limits::kSessionIdleSeconds * kMicrosPerSecond;

}  // namespace

std::int64_t slot_of(Micros at) { return at / kSlot; }

bool goes_on(const Session& session, Micros began) { return !session.is_complete && session.last_at >= began - kIdle; }

Result<std::optional<Session>> find_session(metadata::Session& session, const Taking& of, Micros began) {
  const std::int64_t slot = slot_of(began);
  TRY(auto row, (session.row<std::string, std::int64_t, std::string, std::int64_t, bool, std::int64_t>(
                    "SELECT id, slot, spans, sent_bytes, is_complete, last_at FROM transfers_sessions "
                    "WHERE person_id = ? AND subject_kind = ? AND subject_id = ? AND object = ? "
                    "AND (slot = ? OR (is_complete = 0 AND last_at >= ?)) "
                    "ORDER BY CASE WHEN slot = ? THEN 0 ELSE 1 END, last_at DESC LIMIT 1",
                    {of.person_id, of.subject_kind, of.subject_id, of.object, slot, began - kIdle, slot})));
  if (!row) return std::nullopt;
  Session found;
  found.of = of;
  std::string spans;
  std::tie(found.id, found.slot, spans, found.sent_bytes, found.is_complete, found.last_at) = *std::move(row);
  TRY(found.spans, SpanSet::from_text(spans));
  return found;
}

Result<void> keep_session(metadata::Transaction& transaction, const Session& one) {
  TRY(const std::int64_t kept,
      transaction.exec(
          "INSERT INTO transfers_sessions(person_id, subject_kind, subject_id, object, slot, id, spans, sent_bytes, "
          "is_complete, last_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT(person_id, subject_kind, subject_id, object, slot) "
          "DO UPDATE SET spans = excluded.spans, sent_bytes = excluded.sent_bytes, is_complete = excluded.is_complete, "
          "last_at = excluded.last_at WHERE transfers_sessions.id = excluded.id",
          {one.of.person_id, one.of.subject_kind, one.of.subject_id, one.of.object, one.slot, one.id,
           one.spans.to_text(), one.sent_bytes, one.is_complete, one.last_at}));
  if (kept == 0) return fail(Code::kConflict, "another server has begun this session");
  return {};
}

Result<void> leave_slot(metadata::Transaction& transaction, const Session& one, std::int64_t slot) {
  TRY_VOID(transaction.exec(
      "DELETE FROM transfers_sessions WHERE person_id = ? AND subject_kind = ? AND subject_id = ? AND object = ? "
      "AND slot = ? AND id = ?",
      {one.of.person_id, one.of.subject_kind, one.of.subject_id, one.of.object, slot, one.id}));
  return {};
}

Result<std::int64_t> forget_sessions(metadata::Transaction& transaction, Micros before) {
  return transaction.exec("DELETE FROM transfers_sessions WHERE last_at < ?", {before});
}

Result<bool> begin_commit(metadata::Transaction& transaction, const std::string& recorder, std::int64_t number,
                          Micros now) {
  TRY(const std::int64_t begun,
      transaction.exec("INSERT INTO transfers_commits(recorder, number, at) VALUES(?, ?, ?) ON CONFLICT(recorder) "
                       "DO UPDATE SET number = excluded.number, at = excluded.at "
                       "WHERE transfers_commits.number < excluded.number",
                       {recorder, number, now}));
  return begun > 0;
}

Result<void> forget_recorders(metadata::Transaction& transaction, Micros before) {
  TRY_VOID(transaction.exec("DELETE FROM transfers_commits WHERE at < ?", {before}));
  return {};
}

}  // namespace lakelift::transfers::store
