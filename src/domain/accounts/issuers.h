// Who may say who somebody is: the OpenID Connect issuers of the configuration, several at once.
#pragma once

#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

#include "backends/net/http_client.h"
#include "base/clock.h"
#include "base/result.h"
#include "domain/accounts/id_token.h"
#include "domain/accounts/jwks.h"

namespace lakelift::accounts {

struct IssuerSettings {
  std::string name;    // "google": short, in addresses and environment names
  std::string label;   // "Google": on the button
  std::string issuer;  // "https://accounts.google.com", exactly as the issuer writes itself
  std::string client_id;
  std::string client_secret;                 // empty: a public client; PKCE is used in any case
  std::vector<std::string> allowed_domains;  // of emails, lower case; empty: any
  std::int64_t clock_skew_seconds = limits::kTokenSkewSeconds;
  std::int64_t refetch_seconds = limits::kIssuerRefetchSeconds;  // least time between two fetches of its keys
};

// What /.well-known/openid-configuration says, as far as we need it.
struct Discovery {
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string jwks_uri;
  bool takes_secret_in_body = false;  // client_secret_post; else by HTTP Basic
  bool names_itself = false;          // RFC 9207: its answers carry `iss`
};

// Error: kCorrupt where the document is of another issuer or names an address that may not be called.
[[nodiscard]] Result<Discovery> parse_discovery(std::string_view text, std::string_view issuer);

// A browser on its way to the issuer.
struct AuthorizationRequest {
  std::string redirect_uri;
  std::string state;
  std::string nonce;
  std::string code_challenge;  // S256
};

// What brought the browser back.
struct AuthorizationCode {
  std::string code;
  std::string code_verifier;
  std::string redirect_uri;
};

// One issuer. Threadsafe. Asks it only when it has to; what it was told is kept (cached_document.h).
class Issuer {
 public:
  Issuer(IssuerSettings settings, net::HttpClient& http, const Clock& clock);

  [[nodiscard]] const IssuerSettings& settings() const { return settings_; }
  [[nodiscard]] bool is_issuer(std::string_view iss) const;  // Google writes itself with and without https://

  // Where to send the browser. Error: kUnavailable ISSUER_UNREACHABLE.
  [[nodiscard]] Result<std::string> authorization_url(const AuthorizationRequest& request);
  // The id_token for a code, not yet believed. Errors: kUnavailable ISSUER_UNREACHABLE, also while too many ask;
  // kConflict SIGN_IN_WAS_REFUSED where the issuer does not take the code.
  [[nodiscard]] Result<std::string> redeem_code(const AuthorizationCode& code);
  // Errors: those of check_id_token; kUnavailable ISSUER_UNREACHABLE while there are no keys to verify with.
  [[nodiscard]] Result<Identity> verify(const RawIdToken& token, const TokenTimes& now,
                                        const std::optional<std::string>& nonce);
  // RFC 9207: the `iss` of an answer, where it has one or must have one.
  [[nodiscard]] Result<void> check_answerer(const std::optional<std::string>& iss);

 private:
  [[nodiscard]] Result<CachedDocument<Discovery>::Fetched> fetch_discovery();

  const IssuerSettings settings_;
  net::HttpClient& http_;
  CachedDocument<Discovery> discovery_;
  KeySetCache keys_;
  std::counting_semaphore<> calls_{limits::kIssuerCalls};
};

// Immutable; the issuers are threadsafe.
class Issuers {
 public:
  Issuers(std::vector<IssuerSettings> settings, net::HttpClient& http, const Clock& clock);

  [[nodiscard]] Issuer* by_name(std::string_view name) const;
  [[nodiscard]] Issuer* by_iss(std::string_view iss) const;  // of a token
  [[nodiscard]] const std::vector<std::unique_ptr<Issuer>>& all() const { return issuers_; }

 private:
  std::vector<std::unique_ptr<Issuer>> issuers_;
};

}  // namespace lakelift::accounts
