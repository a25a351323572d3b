// The text of a token: a JWT in compact form, HS256, signed by one of our keys for tokens. What it says is not yet
// believed: AccountService asks the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "domain/accounts/key_ring.h"

namespace lakelift::accounts {

struct Claims {
  std::int64_t id = 0;
  std::string email;
  std::string type;
  std::int64_t expires = 0;             // "exp": seconds since 1970 UTC
  std::optional<std::int64_t> issued;   // "iat": the same
  std::optional<std::string> token_id;  // "jti"; tokens of Lakey have none
};

struct TokenTimes {
  Micros now = 0;         // what the wall clock says
  Micros expiry_now = 0;  // the same, but never set back: what expiry is compared with
  std::int64_t skew_seconds = 0;
};

[[nodiscard]] Result<std::string> sign_token(const Claims& claims, const KeyRing& keys);

// Errors, all kUnauthenticated: AUTH_TOKEN_WAS_BROKEN (always the same message: it never says which part was wrong),
// AUTH_TOKEN_MISSING_FIELDS_DETECTED, AUTH_TOKEN_EXPIRED. Stricter than RFC 7519 asks: the header has alg (exactly
// HS256) and may have typ (JWT) and kid, nothing else (so no crit, jku, jwk, x5u); base64url in its one canonical form;
// claims iat and nbf at most skew_seconds ahead; no iss or aud, because we name none. A token without kid is tried with
// each of our keys for tokens.
[[nodiscard]] Result<Claims> open_token(std::string_view token, const KeyRing& keys, const TokenTimes& times);

// What a revocation is kept under: the jti, or the token's hash where it has none.
[[nodiscard]] std::string revocation_name(std::string_view token, const Claims& claims);

// The one answer to whatever is wrong with a token.
[[nodiscard]] std::unexpected<Error> broken_token();
[[nodiscard]] std::unexpected<Error> expired_token();

}  // namespace lakelift::accounts
