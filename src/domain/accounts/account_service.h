// Who there is, and who somebody with a token is.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/rate_limiter.h"
#include "base/result.h"
#include "domain/accounts/account.h"
#include "domain/accounts/account_store.h"
#include "domain/accounts/farewell.h"
#include "domain/accounts/key_ring.h"
#include "domain/accounts/token.h"

namespace lakelift::accounts {

struct IssuedToken {
  std::string token;  // JWT, HS256, claims id, email, type, exp (contract) and jti, iat
  Micros expires_at = 0;
};

struct NewAccount {
  std::string email = {};     // one of the two may be empty
  std::string username = {};  // empty: made from what stands before the email's "@"
  AccountType type = AccountType::kResearcher;
};

// What is nothing stays as it is.
struct AccountChange {
  std::optional<AccountType> type = std::nullopt;
  std::optional<bool> is_disabled = std::nullopt;
  std::optional<std::string> username = std::nullopt;
  // Of an account that has none: one that it has stays, as its tokens carry it.
  std::optional<std::string> email = std::nullopt;
};

// Who calls with a token, and what the token lets them do.
struct Caller {
  Account account;
  Scope scope = Scope::kRead;                               // never above what the account's type may
  std::optional<std::int64_t> api_token_id = std::nullopt;  // nothing: a JWT
};

// Threadsafe.
class AccountService {
 public:
  // `clock_skew_seconds`: how far in the future a token may have been issued; at most limits::kTokenSkewMaxSeconds.
  // What has expired has expired.
  AccountService(metadata::Database& database, const ledger::Ledger& ledger, const KeyRing& keys, const Clock& clock,
                 Random& random, std::int64_t clock_skew_seconds = limits::kTokenSkewSeconds);

  // The account that speaks for the machine's owner over the Unix socket; made when it is asked for first; email
  // admin@localhost, username admin. It is never changed or deleted.
  [[nodiscard]] Result<Account> local_admin();
  // Email: one "@", 3–254 bytes of ASCII, stored in lower case. Username: is_username(). Errors: kInvalid (fields
  // "email", "username"), kConflict ACCOUNT_EXISTS_ALREADY (the email), USERNAME_EXISTS_ALREADY.
  [[nodiscard]] Result<Account> create(const NewAccount& wanted, std::optional<std::int64_t> actor);
  [[nodiscard]] Result<Account> create(std::string_view email, AccountType type, std::optional<std::int64_t> actor);
  // Error: kNotFound COULD_NOT_FIND_ACCOUNT.
  [[nodiscard]] Result<Account> get(std::int64_t id);
  [[nodiscard]] Result<Account> find_by_email(std::string_view email);
  [[nodiscard]] Result<Account> find_by_username(std::string_view username);
  [[nodiscard]] Result<std::vector<Account>> list(const AccountQuery& query);

  // All of the change or nothing. Errors: kNotFound COULD_NOT_FIND_ACCOUNT; kInvalid (fields "username", "email");
  // kConflict USERNAME_EXISTS_ALREADY; ACCOUNT_EXISTS_ALREADY (the email); EMAIL_IS_SET_ALREADY; LOCAL_ADMIN_IS_NEEDED;
  // LAST_ADMIN_IS_NEEDED: without it nobody but the machine's owner, who alone may do this, could administer.
  [[nodiscard]] Result<Account> update(std::int64_t id, const AccountChange& change, std::optional<std::int64_t> actor);
  // Deletes it with its identities, tokens and memberships, after each listener has given up what it holds for it.
  // Errors: update()'s, and the listeners'.
  [[nodiscard]] Result<void> remove(std::int64_t id, std::optional<std::int64_t> actor);
  // Before the first remove(); it must outlive this service.
  void add_farewell_listener(FarewellListener& listener) { listeners_.emplace_back(listener); }

  // Errors: kNotFound COULD_NOT_FIND_ACCOUNT; kConflict ACCOUNT_IS_DISABLED.
  [[nodiscard]] Result<IssuedToken> issue_token(const Account& account, std::optional<std::int64_t> actor);
  // Who calls with a valid token, a JWT or an API token. Errors, all kUnauthenticated, with the contract's events:
  // AUTH_TOKEN_EXPIRED, AUTH_TOKEN_WAS_BROKEN (also: revoked, another purpose's key, never one of ours),
  // AUTH_TOKEN_MISSING_FIELDS_DETECTED, AUTH_TOKEN_MISSING_ACCOUNT (no account with exactly the JWT's id, email and
  // type, or it is disabled).
  [[nodiscard]] Result<Caller> identify(std::string_view token);
  // The caller's account alone.
  [[nodiscard]] Result<Account> authenticate(std::string_view token);
  // Whether this API token was good within the last minute: its holder does not suffer from a neighbour's guesses.
  [[nodiscard]] bool was_good_lately(std::string_view api_token) const;

  // Whose token it is, also where it does not open anything (disabled, gone, expired API token); nothing where it never
  // was one of ours, or was a JWT that has expired.
  [[nodiscard]] Result<std::optional<std::int64_t>> owner_of_token(std::string_view token);
  // From now on the token is broken. Fine when it already was, or never was one of ours.
  [[nodiscard]] Result<void> revoke_token(std::string_view token, std::optional<std::int64_t> actor);

 private:
  [[nodiscard]] TokenTimes times() const;
  [[nodiscard]] Result<Caller> identify_api_token(std::string_view token);
  void mark_use(std::int64_t api_token_id, const std::string& hash, std::optional<Micros> last_used_at);
  [[nodiscard]] Result<void> revoke_jwt(std::string_view token, std::optional<std::int64_t> actor);
  // LOCAL_ADMIN_IS_NEEDED, LAST_ADMIN_IS_NEEDED.
  [[nodiscard]] static Result<void> check_dispensable(metadata::Session& session, const Account& account,
                                                      bool stays_admin, std::optional<std::int64_t> actor);

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  const KeyRing& keys_;
  const Clock& clock_;
  Random& random_;
  const std::int64_t clock_skew_seconds_;
  // Where the clocks stood at the start: a wall clock that is set back does not bring an expired token to life.
  const Micros start_wall_;
  const Micros start_monotonic_;
  RateLimiter uses_;  // of API tokens, by hash: how often the last use is written down
  std::vector<std::reference_wrapper<FarewellListener>> listeners_;
};

}  // namespace lakelift::accounts
