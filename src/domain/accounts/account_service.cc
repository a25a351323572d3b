#include "domain/accounts/account_service.h"

#include <algorithm>
#include <limits>

#include "base/id.h"
#include "domain/accounts/account_store.h"

namespace lakelift::accounts {
namespace {

constexpr std::string_view kLocalAdminEmail = "admin@localhost";
constexpr std::string_view kLocalAdminUsername = "admin";
constexpr int kUsernameAttempts = 100;
constexpr std::int64_t kAnyTimeAhead = 100LL * 365 * 86'400;

std::unexpected<Error> no_such_account() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_ACCOUNT", "there is no such account");
}

Result<void> tell_created(const ledger::Ledger& ledger, metadata::Transaction& transaction, const Account& account,
                          std::optional<std::int64_t> actor) {
  ledger::Entry entry;
  entry.kind = "account.created";
  entry.actor = actor;
  entry.subject_kind = "account";
  entry.subject_id = std::to_string(account.id);
  entry.detail = {{"email", account.email}, {"username", account.username}, {"type", name_of(account.type)}};
  TRY_VOID(ledger.append(transaction, entry));
  return {};
}

Result<void> tell_token(const ledger::Ledger& ledger, metadata::Transaction& transaction, std::string_view kind,
                        const Claims& claims, std::optional<std::int64_t> actor) {
  ledger::Entry entry;
  entry.kind = kind;
  entry.actor = actor;
  entry.subject_kind = "account";
  entry.subject_id = std::to_string(claims.id);
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

AccountService::AccountService(metadata::Database& database, const ledger::Ledger& ledger, const KeyRing& keys,
                               const Clock& clock, Random& random, std::int64_t clock_skew_seconds)
    : database_(database),
      ledger_(ledger),
      keys_(keys),
      clock_(clock),
      random_(random),
      clock_skew_seconds_(std::clamp<std::int64_t>(clock_skew_seconds, 0, limits::kTokenSkewMaxSeconds)),
      start_wall_(clock.now()),
      start_monotonic_(clock.monotonic()) {}

TokenTimes AccountService::times() const {
  const Micros now = clock_.now();
  const Micros never_set_back = start_wall_ + (clock_.monotonic() - start_monotonic_);
  return {now, std::max(now, never_set_back), clock_skew_seconds_};
}

Result<Account> AccountService::local_admin() {
  TRY(auto found,
      database_.read([](metadata::Session& session) { return find_account_by_email(session, kLocalAdminEmail); }));
  if (found) return *std::move(found);
  return database_.write([&](metadata::Transaction& transaction) -> Result<Account> {
    TRY(auto made, insert_account(transaction, {0, std::string(kLocalAdminEmail), std::string(kLocalAdminUsername),
                                                AccountType::kAdmin, clock_.now()}));
    if (made) {
      TRY_VOID(tell_created(ledger_, transaction, *made, std::nullopt));
      return *std::move(made);
    }
    TRY(auto others, find_account_by_email(transaction, kLocalAdminEmail));
    if (!others) return fail(Code::kConflict, "the username admin is taken: the local administrator cannot be made");
    return *std::move(others);
  });
}

Result<Account> AccountService::create(std::string_view email, AccountType type, std::optional<std::int64_t> actor) {
  const auto normal = normal_email(email);
  if (!normal) {
    return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", "the email is not valid",
                {{"email", {"Enter a valid email address."}}});
  }
  return database_.write([&](metadata::Transaction& transaction) -> Result<Account> {
    for (int attempt = 0; attempt < kUsernameAttempts; ++attempt) {
      TRY(auto made,
          insert_account(transaction, {0, *normal, username_from(*normal, attempt, random_), type, clock_.now()}));
      if (made) {
        TRY_VOID(tell_created(ledger_, transaction, *made, actor));
        return *std::move(made);
      }
      TRY(const auto existing, find_account_by_email(transaction, *normal));
      if (existing) return fail(Code::kConflict, "ACCOUNT_EXISTS_ALREADY", "an account with this email exists already");
    }
    return fail(Code::kConflict, "no username is free for this email");
  });
}

Result<Account> AccountService::get(std::int64_t id) {
  TRY(auto found, database_.read([&](metadata::Session& session) { return find_account(session, id); }));
  if (!found) return no_such_account();
  return *std::move(found);
}

Result<Account> AccountService::find_by_email(std::string_view email) {
  const auto normal = normal_email(email);
  if (!normal) return no_such_account();
  TRY(auto found, database_.read([&](metadata::Session& session) { return find_account_by_email(session, *normal); }));
  if (!found) return no_such_account();
  return *std::move(found);
}

Result<std::vector<Account>> AccountService::list(std::int64_t after, int limit) {
  return database_.read([&](metadata::Session& session) { return list_accounts(session, after, limit); });
}

Result<IssuedToken> AccountService::issue_token(const Account& account, std::optional<std::int64_t> actor) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<IssuedToken> {
    TRY(const auto stored, find_account(transaction, account.id));
    if (!stored) return no_such_account();
    const std::int64_t now = clock_.now() / kMicrosPerSecond;
    const Claims claims{stored->id, stored->email,   std::string(name_of(stored->type)), now + limits::kTokenSeconds,
                        now,        uuid_v4(random_)};
    TRY(auto text, sign_token(claims, keys_));
    TRY_VOID(tell_token(ledger_, transaction, "token.issued", claims, actor));
    return IssuedToken{std::move(text), as_micros(claims.expires)};
  });
}

Result<Account> AccountService::authenticate(std::string_view token) {
  TRY(const Claims claims, open_token(token, keys_, times()));
  return database_.read([&](metadata::Session& session) -> Result<Account> {
    TRY(const bool revoked, is_revoked(session, revocation_name(token, claims)));
    if (revoked) return broken_token();
    TRY(auto account, find_account(session, claims.id));
    if (!account || account->email != claims.email || name_of(account->type) != claims.type) {
      return fail(Code::kUnauthenticated, "AUTH_TOKEN_MISSING_ACCOUNT",
                  "there is no account (any more) like the one in the token: sign in again");
    }
    return *std::move(account);
  });
}

Result<void> AccountService::revoke_token(std::string_view token, std::optional<std::int64_t> actor) {
  TokenTimes at = times();
  at.skew_seconds = kAnyTimeAhead;  // one that is not valid yet must not become so
  const auto claims = open_token(token, keys_, at);
  if (!claims) return {};  // nobody will ever get in with it
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const bool fresh, insert_revocation(transaction, revocation_name(token, *claims), claims->id,
                                            as_micros(claims->expires), clock_.now()));
    if (!fresh) return {};
    return tell_token(ledger_, transaction, "token.revoked", *claims, actor);
  });
}

}  // namespace lakelift::accounts
