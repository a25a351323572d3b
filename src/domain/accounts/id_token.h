// What an issuer says about somebody: an id_token (OpenID Connect Core 1.0, sections 2 and 3.1.3.7). Pure: what the
// keys are and what time it is are given.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "domain/accounts/jwks.h"
#include "domain/accounts/token.h"

namespace lakelift::accounts {

// Taken apart, not yet believed.
struct RawIdToken {
  std::string text;
  std::string algorithm;  // RS256, PS256 or ES256
  std::string key_id;
  json::object payload;
};

struct Identity {
  std::string issuer;        // as it is configured
  std::string subject;       // who it is, for ever; the email may change
  std::string email;         // in lower case; verified by the issuer
  std::int64_t expires = 0;  // seconds since 1970 UTC
};

struct IdTokenRules {
  std::string issuer;                        // "https://accounts.google.com"
  std::string client_id;                     // the audience
  std::vector<std::string> allowed_domains;  // lower case; empty: any
  std::optional<std::string> nonce;          // of the flow; nothing: not asked for
  TokenTimes times;
};

inline constexpr std::string_view kGoogleIssuer = "https://accounts.google.com";

// The header has alg (one of the three), kid, and may have typ (JWT) and x5t; nothing else (so no crit, jku, jwk, x5u).
// base64url in its one canonical form; JSON without duplicate keys. Error: as refused_id_token().
[[nodiscard]] Result<RawIdToken> take_apart_id_token(std::string_view text);

// Signature and claims: iss (Google's with or without https://), aud (a text, or a list in which we are; azp where it
// is there, and where there are others), exp, iat, nbf, nonce, sub, email, email_verified (true), the domain of the
// email and hd (which Google's must have where domains are listed: without it the address is no account of that
// company). Errors: as refused_id_token(); kUnauthenticated WRONG_EMAIL_DOMAIN, told only of a token that is right
// otherwise.
[[nodiscard]] Result<Identity> check_id_token(const RawIdToken& token, const IssuerKey& key, const IdTokenRules& rules);

// The one answer to whatever is wrong with an id_token: kConflict GOOGLE_OAUTH2_USER_INFO_ERROR_DETECTED (the
// contract's name, whoever the issuer is). `why` is for the log alone.
[[nodiscard]] std::unexpected<Error> refused_id_token(std::string_view why);

}  // namespace lakelift::accounts
