// Named tokens: made, listed, ended. AccountService opens accounts with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "domain/accounts/account.h"
#include "domain/accounts/api_token.h"

namespace lakelift::accounts {

struct NewApiToken {
  std::string name = {};  // 1–64 characters, none of them a control character
  Scope scope = Scope::kWrite;
  std::optional<Micros> expires_at = std::nullopt;  // nothing: limits::kApiTokenSeconds from now
  bool never_expires = false;                       // instead
};

struct IssuedApiToken {
  ApiToken token;
  std::string text;  // shown once: only its hash is kept
};

// Threadsafe.
class ApiTokenService {
 public:
  ApiTokenService(metadata::Database& database, const ledger::Ledger& ledger, const Clock& clock, Random& random)
      : database_(database), ledger_(ledger), clock_(clock), random_(random) {}

  // For the account `owner_id`; `maker` with what the token or the sign-in lets them do right now: nobody gives more
  // than they have, nor more than the owner may. Errors: kInvalid (fields "name", "scope", "expires_at"); kForbidden
  // ACCESS_DENIED for another's account, or with a token that only reads; kNotFound COULD_NOT_FIND_ACCOUNT; kConflict
  // ACCOUNT_IS_DISABLED, API_TOKEN_EXISTS_ALREADY (the name), TOO_MANY_API_TOKENS.
  [[nodiscard]] Result<IssuedApiToken> create(std::int64_t owner_id, const NewApiToken& wanted, const Account& maker,
                                              Scope maker_scope);
  // id > after, in order of id.
  [[nodiscard]] Result<std::vector<ApiToken>> list(std::int64_t account_id, std::int64_t after, int limit);
  // An administrator's `caller` ends anybody's. Error: kNotFound COULD_NOT_FIND_API_TOKEN, also for another's.
  [[nodiscard]] Result<void> remove(std::int64_t id, const Account& caller);

 private:
  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace lakelift::accounts
