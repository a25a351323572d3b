#include "domain/webhooks/delivery_store.h"

#include <fmt/format.h>

#include <tuple>

namespace lakelift::webhooks::store {
namespace {

constexpr std::string_view kColumns =
    "id, webhook_id, account_id, type, subject_id, detail, at, state, attempts, next_at, status, error, ended_at";

using OptInt = std::optional<std::int64_t>;
using Cells = std::tuple<std::string, std::int64_t, std::int64_t, std::string, std::string, std::string, std::int64_t,
                         std::string, std::int64_t, std::int64_t, OptInt, std::optional<std::string>, OptInt>;

Result<std::vector<Delivery>> deliveries(metadata::Session& session, const std::string& sql,
                                         const metadata::Params& params) {
  TRY(auto rows,
      [&]<typename... T>(std::tuple<T...>*) { return session.rows<T...>(sql, params); }(static_cast<Cells*>(nullptr)));
  std::vector<Delivery> out;
  out.reserve(rows.size());
  for (auto& [id, webhook_id, account_id, type, subject_id, detail, at, state, attempts, next_at, status, error,
              ended_at] : rows) {
    TRY(auto parsed, parse_json(detail));
    if (!parsed.is_object()) return fail(Code::kInternal, "the detail of a delivery is no object");
    out.push_back({std::move(id),
                   webhook_id,
                   account_id,
                   {std::move(type), std::move(subject_id), std::move(parsed.as_object())},
                   at,
                   delivery_state_of(state),
                   static_cast<int>(attempts),
                   next_at,
                   status,
                   std::move(error),
                   ended_at});
  }
  return out;
}

Result<std::optional<Delivery>> first(Result<std::vector<Delivery>> found) {
  if (!found) return std::unexpected(std::move(found).error());
  if (found->empty()) return std::nullopt;
  return std::optional(std::move(found->front()));
}

}  // namespace

Result<void> insert(metadata::Transaction& tx, const Delivery& delivery, const std::optional<Micros>& leased_until) {
  TRY_VOID(
      tx.exec("INSERT INTO webhooks_deliveries(id, webhook_id, account_id, type, subject_id, detail, at, state, "
              "attempts, next_at, lease_until) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING",
              {delivery.id, delivery.webhook_id, delivery.account_id, delivery.event.type, delivery.event.subject_id,
               to_text(delivery.event.detail), delivery.at, name_of(delivery.state), delivery.attempts,
               delivery.next_at, leased_until}));
  return {};
}

Result<std::optional<Delivery>> find_delivery(metadata::Session& session, const std::string& id) {
  return first(deliveries(session, fmt::format("SELECT {} FROM webhooks_deliveries WHERE id = ?", kColumns), {id}));
}

Result<std::vector<Delivery>> list_deliveries(metadata::Session& session, std::int64_t webhook_id, int limit) {
  return deliveries(
      session,
      fmt::format("SELECT {} FROM webhooks_deliveries WHERE webhook_id = ? ORDER BY at DESC, id DESC LIMIT ?",
                  kColumns),
      {webhook_id, limit});
}

Result<bool> any_due(metadata::Session& session, Micros now) {
  TRY(const auto row, session.row<std::string>("SELECT id FROM webhooks_deliveries WHERE state = 'WAITING' AND "
                                               "next_at <= ? AND (lease_until IS NULL OR lease_until <= ?) LIMIT 1",
                                               {now, now}));
  return row.has_value();
}

Result<std::optional<Delivery>> lease(metadata::Transaction& tx, Micros now, Micros until) {
  const std::string_view skip = tx.dialect() == metadata::Dialect::kPostgresql ? " FOR UPDATE OF d SKIP LOCKED" : "";
  return first(deliveries(
      tx,
      fmt::format("UPDATE webhooks_deliveries SET lease_until = ?, attempts = attempts + 1 WHERE id = ("
                  "SELECT d.id FROM webhooks_deliveries d WHERE d.state = 'WAITING' AND d.next_at <= ? AND "
                  "(d.lease_until IS NULL OR d.lease_until <= ?) AND NOT EXISTS (SELECT 1 FROM webhooks_deliveries o "
                  "WHERE o.webhook_id = d.webhook_id AND o.state = 'WAITING' AND o.lease_until > ?) "
                  "ORDER BY d.next_at, d.id LIMIT 1{}) RETURNING {}",
                  skip, kColumns),
      {until, now, now, now}));
}

Result<void> release_all(metadata::Transaction& tx) {
  TRY_VOID(tx.exec("UPDATE webhooks_deliveries SET lease_until = NULL WHERE lease_until IS NOT NULL"));
  return {};
}

Result<bool> settle(metadata::Transaction& tx, const Delivery& delivery) {
  TRY(const std::int64_t changed,
      tx.exec("UPDATE webhooks_deliveries SET state = ?, next_at = ?, lease_until = NULL, status = ?, error = ?, "
              "ended_at = ? WHERE id = ? AND attempts = ? AND state = 'WAITING'",
              {name_of(delivery.state), delivery.next_at, delivery.status, delivery.error, delivery.ended_at,
               delivery.id, delivery.attempts}));
  return changed == 1;
}

Result<void> trim(metadata::Transaction& tx, std::int64_t webhook_id, Micros before) {
  TRY_VOID(tx.exec("DELETE FROM webhooks_deliveries WHERE webhook_id = ? AND ended_at < ?", {webhook_id, before}));
  return {};
}

}  // namespace lakelift::webhooks::store
