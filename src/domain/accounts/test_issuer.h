// An issuer for the tests of this folder: real keys, real signatures, answered through FakeHttpClient.
#pragma once

#include <cjose/cjose.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backends/net/testing/fake_http_client.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "domain/accounts/id_token.h"

namespace lakelift::accounts::testing {

inline constexpr const char* kIssuer = "https://issuer.example";
inline constexpr const char* kClient = "lakelift-client";
inline constexpr const char* kKeysUrl = "https://issuer.example/keys";
inline constexpr const char* kDiscoveryUrl = "https://issuer.example/.well-known/openid-configuration";
inline constexpr const char* kTokenUrl = "https://issuer.example/token";

class SigningKey {
 public:
  static SigningKey rsa(const std::string& id, std::size_t bits = 2048) {
    cjose_err error{};
    const std::string exponent("\x01\x00\x01", 3);
    return {id, cjose_jwk_create_RSA_random(bits, reinterpret_cast<const uint8_t*>(exponent.data()), exponent.size(),
                                            &error)};
  }
  static SigningKey ec(const std::string& id, cjose_jwk_ec_curve curve = CJOSE_JWK_EC_P_256) {
    cjose_err error{};
    return {id, cjose_jwk_create_EC_random(curve, &error)};
  }
  static SigningKey oct(const std::string& id, const std::string& secret) {
    cjose_err error{};
    return {id, cjose_jwk_create_oct_spec(reinterpret_cast<const uint8_t*>(secret.data()), secret.size(), &error)};
  }

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] json::object jwk(bool with_private_part = false) const {
    cjose_err error{};
    char* text = cjose_jwk_to_json(key_.get(), with_private_part, &error);
    json::object out = parse_json(text)->as_object();
    cjose_get_dealloc()(text);
    out["kid"] = id_;
    out["use"] = "sig";
    return out;
  }
  // The header's members besides alg and kid.
  [[nodiscard]] std::string sign(const json::object& payload, const std::string& algorithm,
                                 const std::map<std::string, std::string>& header = {{"typ", "JWT"}}) const {
    return sign_text(to_text(payload), algorithm, header);
  }
  [[nodiscard]] std::string sign_text(const std::string& payload, const std::string& algorithm,
                                      const std::map<std::string, std::string>& header = {{"typ", "JWT"}}) const {
    cjose_err error{};
    const std::unique_ptr<cjose_header_t, void (*)(cjose_header_t*)> made(cjose_header_new(&error),
                                                                          cjose_header_release);
    cjose_header_set(made.get(), CJOSE_HDR_ALG, algorithm.c_str(), &error);
    if (!id_.empty()) cjose_header_set(made.get(), CJOSE_HDR_KID, id_.c_str(), &error);
    for (const auto& [name, value] : header) cjose_header_set(made.get(), name.c_str(), value.c_str(), &error);
    const std::unique_ptr<cjose_jws_t, void (*)(cjose_jws_t*)> jws(
        cjose_jws_sign(key_.get(), made.get(), reinterpret_cast<const uint8_t*>(payload.data()), payload.size(),
                       &error),
        cjose_jws_release);
    const char* text = nullptr;
    if (jws == nullptr || !cjose_jws_export(jws.get(), &text, &error)) {
      ADD_FAILURE() << "could not sign with " << algorithm << ": " << error.message;
      return {};
    }
    return text;
  }

 private:
  SigningKey(std::string id, cjose_jwk_t* key)
      : id_(std::move(id)), key_(key, [](cjose_jwk_t* k) { cjose_jwk_release(k); }) {}
  std::string id_;
  std::shared_ptr<cjose_jwk_t> key_;
};

inline std::string key_set(const std::vector<json::object>& keys) {
  json::array list;
  for (const auto& key : keys) list.push_back(key);
  return to_text(json::object{{"keys", list}});
}

// Making a key is slow under sanitizers: one for all tests.
inline const SigningKey& rsa_key() {
  static const SigningKey key = SigningKey::rsa("rsa-1");
  return key;
}
inline const SigningKey& ec_key() {
  static const SigningKey key = SigningKey::ec("ec-1");
  return key;
}

// Google's shape of an id_token, of now.
inline json::object claims_of(const Clock& clock, const std::string& email = "ada@example.com",
                              const std::string& subject = "subject-1") {
  const std::int64_t now = clock.now() / kMicrosPerSecond;
  return {{"iss", kIssuer},
          {"azp", kClient},
          {"aud", kClient},
          {"sub", subject},
          {"email", email},
          {"email_verified", true},
          {"at_hash", "HK6E_P6Dh8Y93mRNtsDB1Q"},
          {"name", "Ada"},
          {"iat", now},
          {"exp", now + 3'600}};
}

inline json::object discovery_document() {
  return {{"issuer", kIssuer},
          {"authorization_endpoint", "https://issuer.example/authorize"},
          {"token_endpoint", kTokenUrl},
          {"jwks_uri", kKeysUrl}};
}

// Answers for discovery and keys.
inline void serve_issuer(net::testing::FakeHttpClient& http, const std::string& keys,
                         const std::string& cache_control = "") {
  const auto answer = [cache_control](const std::string& body) {
    return [cache_control, body](const net::HttpRequest&) -> Result<net::HttpResponse> {
      net::HttpResponse response{200, {{"content-type", "application/json"}}, body};
      if (!cache_control.empty()) response.headers.emplace_back("cache-control", cache_control);
      return response;
    };
  };
  http.answer(kDiscoveryUrl, answer(to_text(discovery_document())));
  http.answer(kKeysUrl, answer(keys));
}

}  // namespace lakelift::accounts::testing
