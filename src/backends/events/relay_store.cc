#include "backends/events/relay_store.h"

namespace lakelift::events::store {

Result<std::optional<Place>> find_place(metadata::Session& session, const std::string& publisher) {
  TRY(auto row, (session.row<std::string, std::int64_t, std::int64_t, std::int64_t>(
                    "SELECT owner, lease_until, fence, sent_seq FROM events_relays WHERE publisher = ?", {publisher})));
  if (!row) return std::nullopt;
  auto& [owner, lease_until, fence, sent_seq] = *row;
  return Place{std::move(owner), lease_until, fence, sent_seq};
}

Result<std::optional<Place>> take(metadata::Transaction& tx, const std::string& publisher, const std::string& owner,
                                  Micros now, Micros until) {
  TRY_VOID(
      tx.exec("INSERT INTO events_relays(publisher, owner, lease_until, fence, sent_seq) VALUES(?, '', 0, 0, 0) "
              "ON CONFLICT DO NOTHING",
              {publisher}));
  TRY(const std::int64_t taken,
      tx.exec("UPDATE events_relays SET fence = fence + CASE WHEN owner = ? THEN 0 ELSE 1 END, owner = ?, "
              "lease_until = ? WHERE publisher = ? AND (owner = ? OR lease_until <= ?)",
              {owner, owner, until, publisher, owner, now}));
  if (taken == 0) return std::nullopt;
  return find_place(tx, publisher);
}

Result<bool> advance(metadata::Transaction& tx, const std::string& publisher, const Place& place, std::int64_t sent_seq,
                     Micros until) {
  TRY(const std::int64_t advanced,
      tx.exec("UPDATE events_relays SET sent_seq = ?, lease_until = ? WHERE publisher = ? AND owner = ? AND fence = ?",
              {sent_seq, until, publisher, place.owner, place.fence}));
  return advanced > 0;
}

Result<void> release(metadata::Transaction& tx, const std::string& publisher, const std::string& owner) {
  TRY_VOID(tx.exec("UPDATE events_relays SET lease_until = 0 WHERE publisher = ? AND (owner = ? OR ? = '')",
                   {publisher, owner, owner}));
  return {};
}

Result<void> set_aside(metadata::Transaction& tx, const std::string& publisher, const SetAside& one) {
  TRY_VOID(
      tx.exec("INSERT INTO events_set_aside(publisher, seq, event_id, reason, at) VALUES(?, ?, ?, ?, ?) "
              "ON CONFLICT DO NOTHING",
              {publisher, one.seq, one.event_id, one.reason, one.at}));
  return {};
}

Result<std::int64_t> count_set_aside(metadata::Session& session, const std::string& publisher) {
  TRY(const auto row,
      session.row<std::int64_t>("SELECT COUNT(*) FROM events_set_aside WHERE publisher = ?", {publisher}));
  return row ? std::get<0>(*row) : 0;
}

Result<void> forget_set_aside(metadata::Transaction& tx, const std::string& publisher, Micros before) {
  TRY_VOID(tx.exec("DELETE FROM events_set_aside WHERE publisher = ? AND at < ?", {publisher, before}));
  return {};
}

}  // namespace lakelift::events::store
