#include "domain/accounts/auth_request_store.h"

#include <utility>

#include "base/limits.h"

namespace lakelift::accounts {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, device_code, user_code, account_id, is_denied, program, address, polled_at, interval_seconds, "
    "created_at, "
    "expires_at FROM accounts_auth_requests ";

using Text = std::optional<std::string>;
using Number = std::optional<std::int64_t>;

Result<std::optional<AuthRequest>> find_where(metadata::Session& session, std::string_view condition,
                                              std::string_view value) {
  TRY(auto row, (session.row<std::string, Text, Text, Number, bool, std::string, std::string, Number, std::int64_t,
                             std::int64_t, std::int64_t>(std::string(kColumns) + std::string(condition), {value})));
  if (!row) return std::nullopt;
  auto& [id, device, user, account, denied, program, address, polled, interval, created, expires] = *row;
  return AuthRequest{
      std::move(id), std::move(device), std::move(user), account, denied, std::move(program), std::move(address),
      polled,        interval,          created,         expires};
}

Result<void> check_room(metadata::Session& session, std::string_view count, Micros now, std::int64_t most) {
  TRY(const auto row, session.row<std::int64_t>(count, {now}));
  if (row && std::get<0>(*row) < most) return {};
  return fail(Code::kUnavailable, "TOO_MANY_AUTH_REQUESTS", "too many sign-ins are waiting: try again in a minute");
}

}  // namespace

Result<bool> insert_auth_request(metadata::Transaction& transaction, const AuthRequest& request) {
  TRY(const auto inserted,
      transaction.exec(
          "INSERT INTO accounts_auth_requests(id, device_code, user_code, is_denied, program, address, "
          "interval_seconds, created_at, expires_at) VALUES(?, ?, ?, 0, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
          {request.id, request.device_code, request.user_code, request.program, request.address,
           request.interval_seconds, request.created_at, request.expires_at}));
  return inserted > 0;
}

Result<std::optional<AuthRequest>> find_auth_request(metadata::Session& session, std::string_view id) {
  return find_where(session, "WHERE id = ?", id);
}

Result<std::optional<AuthRequest>> find_by_device_code(metadata::Session& session, std::string_view code) {
  return find_where(session, "WHERE device_code = ?", code);
}

Result<std::optional<AuthRequest>> find_by_user_code(metadata::Session& session, std::string_view code) {
  return find_where(session, "WHERE user_code = ?", code);
}

Result<bool> attach_account(metadata::Transaction& transaction, std::string_view id, std::int64_t account_id,
                            Micros now) {
  TRY(const auto changed,
      transaction.exec(
          "UPDATE accounts_auth_requests SET account_id = ? WHERE id = ? AND is_denied = 0 AND expires_at > ? "
          "AND (account_id IS NULL OR account_id = ?)",
          {account_id, id, now, account_id}));
  return changed > 0;
}

Result<std::optional<std::int64_t>> take_attached(metadata::Transaction& transaction, std::string_view id, Micros now) {
  TRY(const auto row,
      transaction.row<std::int64_t>("DELETE FROM accounts_auth_requests WHERE id = ? AND account_id IS NOT "
                                    "NULL AND is_denied = 0 AND expires_at > ? RETURNING account_id",
                                    {id, now}));
  if (!row) return std::nullopt;
  return std::get<0>(*row);
}

Result<bool> deny_auth_request(metadata::Transaction& transaction, std::string_view id) {
  TRY(const auto changed,
      transaction.exec("UPDATE accounts_auth_requests SET is_denied = 1 WHERE id = ? AND account_id IS NULL", {id}));
  return changed > 0;
}

Result<void> note_poll(metadata::Transaction& transaction, std::string_view id, Micros at,
                       std::int64_t interval_seconds) {
  TRY_VOID(transaction.exec("UPDATE accounts_auth_requests SET polled_at = ?, interval_seconds = ? WHERE id = ?",
                            {at, interval_seconds, id}));
  return {};
}

Result<void> make_room_for_auth_request(metadata::Transaction& transaction, Micros now) {
  const Micros gone = now - limits::kAuthRequestKeptSeconds * kMicrosPerSecond;
  TRY_VOID(transaction.exec("DELETE FROM accounts_auth_requests WHERE expires_at < ?", {gone}));
  // Those that have expired are told so for a while, and take no room from others.
  return check_room(transaction, "SELECT COUNT(*) FROM accounts_auth_requests WHERE expires_at > ?", now,
                    limits::kAuthRequests);
}

Result<void> insert_flow(metadata::Transaction& transaction, const Flow& flow) {
  TRY_VOID(
      transaction.exec("INSERT INTO accounts_oidc_flows(state, auth_request, issuer, browser, nonce, code_verifier, "
                       "return_to, expires_at) "
                       "VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                       {flow.state, flow.auth_request, flow.issuer, flow.browser, flow.nonce, flow.code_verifier,
                        flow.return_to, flow.expires_at}));
  return {};
}

Result<std::optional<Flow>> take_flow(metadata::Transaction& transaction, std::string_view state,
                                      std::string_view browser) {
  TRY(auto row, (transaction.row<std::string, std::string, std::string, std::string, std::string, std::int64_t>(
                    "DELETE FROM accounts_oidc_flows WHERE state = ? AND browser = ? "
                    "RETURNING auth_request, issuer, nonce, code_verifier, return_to, expires_at",
                    {state, browser})));
  if (!row) return std::nullopt;
  auto& [auth_request, issuer, nonce, code_verifier, return_to, expires_at] = *row;
  return Flow{std::string(state), std::move(auth_request),  std::move(issuer),    std::string(browser),
              std::move(nonce),   std::move(code_verifier), std::move(return_to), expires_at};
}

Result<void> make_room_for_flow(metadata::Transaction& transaction, Micros now) {
  TRY_VOID(transaction.exec("DELETE FROM accounts_oidc_flows WHERE expires_at < ?", {now}));
  return check_room(transaction, "SELECT COUNT(*) FROM accounts_oidc_flows WHERE expires_at > ?", now, limits::kFlows);
}

}  // namespace lakelift::accounts
