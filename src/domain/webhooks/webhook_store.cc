#include "domain/webhooks/webhook_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lakelift::webhooks::store {
namespace {

std::string to_column(const Hears& hears) { return fmt::format("{}", fmt::join(names_of(hears), ",")); }

Hears from_column(std::string_view column) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= column.size();) {
    const std::size_t comma = std::min(column.find(',', at), column.size());
    names.emplace_back(column.substr(at, comma - at));
    at = comma + 1;
  }
  return hears_of(names).value_or(Hears{});
}

Result<std::vector<Webhook>> select(metadata::Session& session, std::string_view where,
                                    const metadata::Params& params) {
  TRY(auto rows,
      (session.rows<std::int64_t, std::int64_t, std::string, std::string, std::string, std::string, std::int64_t,
                    std::optional<std::int64_t>, std::optional<std::string>>(
          std::string("SELECT id, account_id, url, key_id, salt, hears, created_at, delivered_at, last_error FROM "
                      "webhooks_webhooks ")
              .append(where),
          params)));
  std::vector<Webhook> out;
  out.reserve(rows.size());
  for (auto& [id, account_id, url, key_id, salt, hears, created_at, delivered_at, last_error] : rows) {
    out.push_back({id, account_id, std::move(url), std::move(key_id), std::move(salt), from_column(hears), created_at,
                   delivered_at, std::move(last_error)});
  }
  return out;
}

}  // namespace

Result<std::int64_t> insert(metadata::Transaction& tx, const Webhook& webhook) {
  TRY(const auto row,
      tx.row<std::int64_t>("INSERT INTO webhooks_webhooks(account_id, url, key_id, salt, hears, created_at) "
                           "VALUES(?, ?, ?, ?, ?, ?) RETURNING id",
                           {webhook.account_id, webhook.url, webhook.key_id, webhook.salt, to_column(webhook.hears),
                            webhook.created_at}));
  if (!row) return fail(Code::kInternal, "a webhook was not stored");
  return std::get<0>(*row);
}

Result<std::optional<Webhook>> find(metadata::Session& session, std::int64_t id) {
  TRY(auto found, select(session, "WHERE id = ?", {id}));
  if (found.empty()) return std::nullopt;
  return std::optional(std::move(found.front()));
}

Result<std::vector<Webhook>> list(metadata::Session& session, std::int64_t account_id) {
  return select(session, "WHERE account_id = ? ORDER BY id", {account_id});
}

Result<std::vector<std::int64_t>> who_hears_transfers(metadata::Session& session) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT DISTINCT account_id FROM webhooks_webhooks WHERE hears LIKE '%transfers%'"));
  std::vector<std::int64_t> out;
  for (const auto& [account_id] : rows) out.push_back(account_id);
  return out;
}

Result<bool> remove(metadata::Transaction& tx, std::int64_t account_id, std::int64_t id) {
  TRY(const std::int64_t removed,
      tx.exec("DELETE FROM webhooks_webhooks WHERE id = ? AND account_id = ?", {id, account_id}));
  if (removed == 0) return false;
  TRY_VOID(tx.exec("DELETE FROM webhooks_deliveries WHERE webhook_id = ?", {id}));
  return true;
}

Result<void> remove_all(metadata::Transaction& tx, std::int64_t account_id) {
  TRY(const auto webhooks, list(tx, account_id));
  for (const Webhook& webhook : webhooks) TRY_VOID(remove(tx, account_id, webhook.id));
  return {};
}

Result<void> note(metadata::Transaction& tx, std::int64_t id, Micros now, const std::optional<std::string>& error) {
  if (error) {
    TRY_VOID(tx.exec("UPDATE webhooks_webhooks SET last_error = ? WHERE id = ?", {*error, id}));
  } else {
    TRY_VOID(tx.exec("UPDATE webhooks_webhooks SET last_error = NULL, delivered_at = ? WHERE id = ?", {now, id}));
  }
  return {};
}

}  // namespace lakelift::webhooks::store
