// The public keys of an issuer (RFC 7517), and verifying what they signed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "backends/net/http_client.h"
#include "base/json.h"
#include "base/result.h"
#include "domain/accounts/cached_document.h"

namespace lakelift::accounts {

// One public key: only its public parts, checked, for one family of algorithms.
class IssuerKey {
 public:
  // Nothing for what we do not verify with: other kinds and curves, RSA below 2,048 bits, keys for encryption, private
  // keys, keys without a "kid".
  [[nodiscard]] static std::optional<IssuerKey> from(const json::object& jwk);

  [[nodiscard]] const std::string& id() const { return id_; }
  // `token`: three segments whose header was found to say `algorithm`: RS256, PS256 (RSA keys), ES256 (P-256 keys);
  // anything else is false.
  [[nodiscard]] bool verifies(std::string_view token, std::string_view algorithm) const;

 private:
  std::string id_;
  std::string algorithm_;  // what the key says it is for; empty: any of its kind
  bool is_rsa_ = false;
  std::string jwk_;
};

// Immutable.
class KeySet {
 public:
  // Keys that we can't use are passed over. Error: kCorrupt for what is no key set, has too many keys, or none for us.
  [[nodiscard]] static Result<KeySet> parse(std::string_view text);
  [[nodiscard]] const IssuerKey* find(std::string_view key_id) const;

 private:
  std::map<std::string, IssuerKey, std::less<>> keys_;
};

using KeySetCache = CachedDocument<KeySet>;

// GET `url`: a key set and how long it may be kept.
[[nodiscard]] Result<KeySetCache::Fetched> fetch_key_set(net::HttpClient& http, const std::string& url);

// Seconds of `max-age` in Cache-Control; 0 for no-store and no-cache; nothing where neither is said.
[[nodiscard]] std::optional<std::int64_t> max_age_of(const net::HttpResponse& response);

}  // namespace lakelift::accounts
