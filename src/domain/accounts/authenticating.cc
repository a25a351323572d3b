// AccountService: tokens that open an account, and their end.
#include <algorithm>
#include <limits>

#include "base/encoding.h"
#include "base/id.h"
#include "base/log.h"
#include "domain/accounts/account_errors.h"
#include "domain/accounts/account_service.h"
#include "domain/accounts/api_token_store.h"
#include "domain/accounts/token_entries.h"

namespace lakelift::accounts {
namespace {

constexpr std::int64_t kAnyTimeAhead = 100LL * 365 * 86'400;

Result<void> tell_jwt(const ledger::Ledger& ledger, metadata::Transaction& transaction, std::string_view kind,
                      const Claims& claims, std::optional<std::int64_t> actor) {
  ledger::Entry entry = token_entry(kind, claims.id, actor);
  entry.detail = {{"expires", claims.expires}};
  if (claims.token_id) entry.detail["token_id"] = *claims.token_id;
  TRY_VOID(ledger.append(transaction, entry));
  return {};
}

Micros as_micros(std::int64_t seconds) {
  constexpr std::int64_t kMost = std::numeric_limits<Micros>::max() / kMicrosPerSecond;
  return std::clamp(seconds, -kMost, kMost) * kMicrosPerSecond;
}

}  // namespace

TokenTimes AccountService::times() const {
  const Micros now = clock_.now();
  const Micros never_set_back = start_wall_ + (clock_.monotonic() - start_monotonic_);
  return {now, std::max(now, never_set_back), clock_skew_seconds_};
}

Result<IssuedToken> AccountService::issue_token(const Account& account, std::optional<std::int64_t> actor) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<IssuedToken> {
    TRY(const auto stored, find_account(transaction, account.id));
    if (!stored) return no_such_account();
    if (stored->is_disabled()) return account_is_disabled();
    if (stored->email == kLocalAdminEmail && actor && *actor != stored->id) return only_the_local_admin();
    const std::int64_t now = clock_.now() / kMicrosPerSecond;
    const Claims claims{stored->id, stored->email,   std::string(name_of(stored->type)), now + limits::kTokenSeconds,
                        now,        uuid_v4(random_)};
    TRY(auto text, sign_token(claims, keys_));
    TRY_VOID(tell_jwt(ledger_, transaction, "token.issued", claims, actor));
    return IssuedToken{std::move(text), as_micros(claims.expires)};
  });
}

Result<Account> AccountService::authenticate(std::string_view token) {
  TRY(Caller caller, identify(token));
  return std::move(caller.account);
}

Result<Caller> AccountService::identify(std::string_view token) {
  if (is_api_token(token)) return identify_api_token(token);
  TRY(const Claims claims, open_token(token, keys_, times()));
  return database_.read([&](metadata::Session& session) -> Result<Caller> {
    TRY(const bool revoked, is_revoked(session, revocation_name(token, claims)));
    if (revoked) return broken_token();
    TRY(auto account, find_account(session, claims.id));
    if (!account || account->email != claims.email || name_of(account->type) != claims.type || account->is_disabled()) {
      return missing_account();
    }
    const Scope scope = most_of(account->type);
    return Caller{*std::move(account), scope};
  });
}

Result<Caller> AccountService::identify_api_token(std::string_view token) {
  if (!is_whole_api_token(token)) return broken_token();
  const std::string hash = blake2b_hex(token);
  std::optional<Micros> last_used_at;
  TRY(auto caller, database_.read([&](metadata::Session& session) -> Result<Caller> {
    TRY(const auto found, find_api_token_by_hash(session, hash));
    if (!found) return broken_token();
    if (found->expires_at && times().expiry_now >= *found->expires_at) return expired_token();
    TRY(auto account, find_account(session, found->account_id));
    if (!account || account->is_disabled()) return missing_account();
    last_used_at = found->last_used_at;
    const Scope scope = std::min(found->scope, most_of(account->type));
    return Caller{*std::move(account), scope, found->id};
  }));
  mark_use(*caller.api_token_id, hash, last_used_at);
  return caller;
}

// At most once a minute, by one of those who use it at once; a mark that can't be written keeps nobody out.
void AccountService::mark_use(std::int64_t api_token_id, const std::string& hash, std::optional<Micros> last_used_at) {
  if (!uses_.take(hash)) return;
  const Micros now = clock_.now();
  if (last_used_at && now - *last_used_at < limits::kApiTokenUseSeconds * kMicrosPerSecond) return;
  const auto marked = database_.write(
      [&](metadata::Transaction& transaction) { return mark_api_token_used(transaction, api_token_id, now); });
  if (!marked) log_warning("the use of a token could not be noted", {{"error", marked.error().message}});
}

bool AccountService::was_good_lately(std::string_view api_token) const {
  return !uses_.check(blake2b_hex(api_token)).has_value();
}

Result<std::optional<std::int64_t>> AccountService::owner_of_token(std::string_view token) {
  if (!is_api_token(token)) {
    TokenTimes at = times();
    at.skew_seconds = kAnyTimeAhead;
    const auto claims = open_token(token, keys_, at);
    return claims ? std::optional(claims->id) : std::nullopt;
  }
  if (!is_whole_api_token(token)) return std::nullopt;
  return database_.read([&](metadata::Session& session) -> Result<std::optional<std::int64_t>> {
    TRY(const auto found, find_api_token_by_hash(session, blake2b_hex(token)));
    if (!found) return std::nullopt;
    return found->account_id;
  });
}

Result<void> AccountService::revoke_token(std::string_view token, std::optional<std::int64_t> actor) {
  if (!is_api_token(token)) return revoke_jwt(token, actor);
  // What was never one of ours does not wait for the one who writes.
  TRY(const auto owner, owner_of_token(token));
  if (!owner) return {};
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto found, find_api_token_by_hash(transaction, blake2b_hex(token)));
    if (!found) return {};
    return end_api_token(transaction, ledger_, *found, actor);
  });
}

Result<void> AccountService::revoke_jwt(std::string_view token, std::optional<std::int64_t> actor) {
  TokenTimes at = times();
  at.skew_seconds = kAnyTimeAhead;  // one that is not valid yet must not become so
  const auto claims = open_token(token, keys_, at);
  if (!claims) return {};  // nobody will ever get in with it
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const bool fresh, insert_revocation(transaction, revocation_name(token, *claims), claims->id,
                                            as_micros(claims->expires), clock_.now()));
    if (!fresh) return {};
    return tell_jwt(ledger_, transaction, "token.revoked", *claims, actor);
  });
}

}  // namespace lakelift::accounts
