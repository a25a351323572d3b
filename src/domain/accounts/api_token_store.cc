#include "domain/accounts/api_token_store.h"

#include <tuple>

namespace lakelift::accounts {
namespace {

using OptInt = std::optional<std::int64_t>;

constexpr std::string_view kSelect =
    "SELECT id, account_id, name, scope, created_by, created_at, expires_at, last_used_at FROM accounts_api_tokens ";

Result<std::vector<ApiToken>> tokens_where(metadata::Session& session, std::string_view condition,
                                           const metadata::Params& params) {
  TRY(auto rows,
      (session.rows<std::int64_t, std::int64_t, std::string, std::string, OptInt, std::int64_t, OptInt, OptInt>(
          std::string(kSelect) + std::string(condition), params)));
  std::vector<ApiToken> tokens;
  tokens.reserve(rows.size());
  for (auto& [id, account_id, name, scope_name, created_by, created_at, expires_at, last_used_at] : rows) {
    const auto scope = scope_of(scope_name);
    if (!scope) return fail(Code::kCorrupt, "an API token has an unknown scope");
    tokens.push_back({id, account_id, std::move(name), *scope, created_by, created_at, expires_at, last_used_at});
  }
  return tokens;
}

std::optional<ApiToken> first_of(std::vector<ApiToken> tokens) {
  if (tokens.empty()) return std::nullopt;
  return std::move(tokens.front());
}

}  // namespace

Result<std::optional<ApiToken>> find_api_token(metadata::Session& session, std::int64_t id) {
  TRY(auto tokens, tokens_where(session, "WHERE id = ?", {id}));
  return first_of(std::move(tokens));
}

Result<std::optional<ApiToken>> find_api_token_by_hash(metadata::Session& session, std::string_view hash) {
  TRY(auto tokens, tokens_where(session, "WHERE hash = ?", {hash}));
  return first_of(std::move(tokens));
}

Result<std::vector<ApiToken>> list_api_tokens(metadata::Session& session, std::int64_t account_id, std::int64_t after,
                                              int limit) {
  return tokens_where(session, "WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?", {account_id, after, limit});
}

Result<std::int64_t> count_api_tokens(metadata::Session& session, std::int64_t account_id) {
  TRY(const auto row,
      session.row<std::int64_t>("SELECT COUNT(*) FROM accounts_api_tokens WHERE account_id = ?", {account_id}));
  return row ? std::get<0>(*row) : 0;
}

Result<std::optional<ApiToken>> insert_api_token(metadata::Transaction& transaction, ApiToken token,
                                                 std::string_view hash) {
  TRY(const auto row,
      transaction.row<std::int64_t>(
          "INSERT INTO accounts_api_tokens(account_id, name, hash, scope, created_by, created_at, expires_at) "
          "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
          {token.account_id, token.name, hash, name_of(token.scope), token.created_by, token.created_at,
           token.expires_at}));
  if (!row) return std::nullopt;
  token.id = std::get<0>(*row);
  return token;
}

Result<bool> delete_api_token(metadata::Transaction& transaction, std::int64_t id) {
  TRY(const auto deleted, transaction.exec("DELETE FROM accounts_api_tokens WHERE id = ?", {id}));
  return deleted > 0;
}

Result<void> mark_api_token_used(metadata::Transaction& transaction, std::int64_t id, Micros now) {
  TRY_VOID(
      transaction.exec("UPDATE accounts_api_tokens SET last_used_at = ? WHERE id = ? AND "
                       "(last_used_at IS NULL OR last_used_at < ?)",
                       {now, id, now}));
  return {};
}

}  // namespace lakelift::accounts
