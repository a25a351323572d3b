#include "domain/accounts/token.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "domain/accounts/jws.h"

namespace lakelift::accounts {
namespace {

struct Parts {
  json::object header;
  json::object payload;
};

std::optional<json::object> object_of(std::string_view segment) {
  // One token has one text: libsodium's decoder refuses padding, other alphabets and unused bits.
  const auto text = base64url_decode(segment);
  if (!text) return std::nullopt;
  auto value = parse_json(*text);
  if (!value || !value->is_object()) return std::nullopt;
  return std::move(value->as_object());
}

std::optional<Parts> take_apart(std::string_view token) {
  if (token.size() > limits::kTokenBytes || std::ranges::count(token, '.') != 2) return std::nullopt;
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  const auto signature = base64url_decode(token.substr(second + 1));
  if (!signature || signature->size() != sizeof(Digest)) return std::nullopt;
  auto header = object_of(token.substr(0, first));
  if (!header) return std::nullopt;
  auto payload = object_of(token.substr(first + 1, second - first - 1));
  if (!payload) return std::nullopt;
  return Parts{*std::move(header), *std::move(payload)};
}

bool is_our_header(const json::object& header) {
  static constexpr std::array<std::string_view, 3> kKnown{"alg", "typ", "kid"};
  for (const auto& field : header) {
    if (std::ranges::find(kKnown, std::string_view(field.key())) == kKnown.end()) return false;
  }
  if (find_string(header, "alg") != "HS256") return false;
  if (find(header, "typ") != nullptr && find_string(header, "typ") != "JWT") return false;
  return find(header, "kid") == nullptr || find_string(header, "kid").has_value();
}

bool is_signed_by_us(std::string_view token, const json::object& header, const KeyRing& keys) {
  if (const auto key_id = find_string(header, "kid")) {
    const std::string secret = keys.secret(KeyPurpose::kToken, *key_id);
    return !secret.empty() && verify_jws(token, secret);
  }
  return std::ranges::any_of(keys.key_ids(KeyPurpose::kToken), [&](const std::string& key_id) {
    return verify_jws(token, keys.secret(KeyPurpose::kToken, key_id));
  });
}

std::int64_t whole_seconds(Micros at) {
  return at >= 0 ? at / kMicrosPerSecond : (at - kMicrosPerSecond + 1) / kMicrosPerSecond;
}

// iat and nbf: not there, or a whole number that is not too far ahead.
bool is_not_ahead(const json::object& payload, std::string_view claim, const TokenTimes& times) {
  if (find(payload, claim) == nullptr) return true;
  const auto at = find_int(payload, claim);
  return at && *at <= whole_seconds(times.now) + times.skew_seconds;
}

std::optional<Claims> claims_of(const json::object& payload) {
  const auto id = find_int(payload, "id");
  auto email = find_string(payload, "email");
  auto type = find_string(payload, "type");
  const auto expires = find_int(payload, "exp");
  if (!id || !email || !type || !expires) return std::nullopt;
  return Claims{*id,      *std::move(email),        *std::move(type),
                *expires, find_int(payload, "iat"), find_string(payload, "jti")};
}

}  // namespace

std::unexpected<Error> broken_token() {
  return fail(Code::kUnauthenticated, "AUTH_TOKEN_WAS_BROKEN", "the token is not valid: sign in again");
}

std::unexpected<Error> expired_token() {
  return fail(Code::kUnauthenticated, "AUTH_TOKEN_EXPIRED", "the token has expired: sign in again");
}

Result<std::string> sign_token(const Claims& claims, const KeyRing& keys) {
  json::object payload{{"id", claims.id}, {"email", claims.email}, {"type", claims.type}, {"exp", claims.expires}};
  if (claims.issued) payload["iat"] = *claims.issued;
  if (claims.token_id) payload["jti"] = *claims.token_id;
  const std::string key_id = keys.newest(KeyPurpose::kToken);
  return sign_jws(to_text(payload), key_id, keys.secret(KeyPurpose::kToken, key_id));
}

Result<Claims> open_token(std::string_view token, const KeyRing& keys, const TokenTimes& times) {
  const auto parts = take_apart(token);
  if (!parts || !is_our_header(parts->header) || !is_signed_by_us(token, parts->header, keys)) return broken_token();

  const json::object& payload = parts->payload;
  auto claims = claims_of(payload);
  if (!claims) {
    return fail(Code::kUnauthenticated, "AUTH_TOKEN_MISSING_FIELDS_DETECTED",
                "the token lacks one of its fields id, email, type, exp: sign in again");
  }
  if (!is_not_ahead(payload, "iat", times) || !is_not_ahead(payload, "nbf", times)) return broken_token();
  if (find(payload, "iss") != nullptr || find(payload, "aud") != nullptr) return broken_token();
  if (find(payload, "jti") != nullptr && (!claims->token_id || claims->token_id->empty())) return broken_token();
  if (whole_seconds(times.expiry_now) >= claims->expires) return expired_token();
  return *std::move(claims);
}

std::string revocation_name(std::string_view token, const Claims& claims) {
  return claims.token_id ? "jti:" + *claims.token_id : "sha256:" + sha256_hex(token);
}

}  // namespace lakelift::accounts
