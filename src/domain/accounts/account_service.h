// Who there is, and who somebody with a token is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/result.h"
#include "domain/accounts/account.h"
#include "domain/accounts/key_ring.h"
#include "domain/accounts/token.h"

namespace lakelift::accounts {

struct IssuedToken {
  std::string token;  // JWT, HS256, claims id, email, type, exp (contract) and jti, iat
  Micros expires_at = 0;
};

// Threadsafe.
class AccountService {
 public:
  // `clock_skew_seconds`: how far in the future a token may have been issued; at most limits::kTokenSkewMaxSeconds.
  // What has expired has expired.
  AccountService(metadata::Database& database, const ledger::Ledger& ledger, const KeyRing& keys, const Clock& clock,
                 Random& random, std::int64_t clock_skew_seconds = limits::kTokenSkewSeconds);

  // The account that speaks for the machine's owner over the Unix socket; made when it is asked for first; email
  // admin@localhost, username admin.
  [[nodiscard]] Result<Account> local_admin();
  // Email: one "@", 3–254 bytes of ASCII, stored in lower case. The username is made from what stands before the "@".
  // Errors: kInvalid (field "email"), kConflict ACCOUNT_EXISTS_ALREADY.
  [[nodiscard]] Result<Account> create(std::string_view email, AccountType type, std::optional<std::int64_t> actor);
  // Error: kNotFound COULD_NOT_FIND_ACCOUNT.
  [[nodiscard]] Result<Account> get(std::int64_t id);
  [[nodiscard]] Result<Account> find_by_email(std::string_view email);
  // id > after, in order of id.
  [[nodiscard]] Result<std::vector<Account>> list(std::int64_t after, int limit);

  // Error: kNotFound COULD_NOT_FIND_ACCOUNT.
  [[nodiscard]] Result<IssuedToken> issue_token(const Account& account, std::optional<std::int64_t> actor);
  // The account of a valid token. Errors, all kUnauthenticated, with the contract's events: AUTH_TOKEN_EXPIRED,
  // AUTH_TOKEN_WAS_BROKEN (also: revoked, another purpose's key), AUTH_TOKEN_MISSING_FIELDS_DETECTED,
  // AUTH_TOKEN_MISSING_ACCOUNT (no account with exactly this id, email and type).
  [[nodiscard]] Result<Account> authenticate(std::string_view token);
  // From now on the token is broken. Fine when it already was, or never was one of ours.
  [[nodiscard]] Result<void> revoke_token(std::string_view token, std::optional<std::int64_t> actor);

 private:
  [[nodiscard]] TokenTimes times() const;

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  const KeyRing& keys_;
  const Clock& clock_;
  Random& random_;
  const std::int64_t clock_skew_seconds_;
  // Where the clocks stood at the start: a wall clock that is set back does not bring an expired token to life.
  const Micros start_wall_;
  const Micros start_monotonic_;
};

}  // namespace lakelift::accounts
