#include "domain/accounts/id_token.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"
#include "domain/accounts/account_store.h"

namespace lakelift::accounts {
namespace {

constexpr std::size_t kSubjectBytes = 255;  // OpenID Connect Core 1.0, section 2

std::optional<json::object> object_of(std::string_view segment) {
  const auto text = base64url_decode(segment);
  auto value = text ? parse_json(*text) : std::unexpected(Error{});
  if (!value || !value->is_object()) return std::nullopt;
  return std::move(value->get_object());
}

bool is_known_header(const json::object& header) {
  static constexpr std::array<std::string_view, 5> kKnown{"alg", "typ", "kid", "x5t", "x5t#S256"};
  static constexpr std::array<std::string_view, 3> kAlgorithms{"RS256", "PS256", "ES256"};
  for (const auto& field : header) {
    if (std::ranges::find(kKnown, std::string_view(field.key())) == kKnown.end()) return false;
    if (!field.value().is_string()) return false;
  }
  if (find(header, "typ") != nullptr && find_string(header, "typ") != "JWT") return false;
  const auto key_id = find_string(header, "kid");
  if (!key_id || key_id->empty() || key_id->size() > limits::kIssuerKeyIdBytes) return false;
  return std::ranges::find(kAlgorithms, find_string(header, "alg").value_or("")) != kAlgorithms.end();
}

bool is_issuer(const json::object& payload, std::string_view issuer) {
  const auto said = find_string(payload, "iss");
  if (said == issuer) return true;
  return issuer == kGoogleIssuer && said == kGoogleIssuer.substr(std::string_view("https://").size());
}

// We are the audience, or one of several; then azp must say that it was made for us.
bool is_for_us(const json::object& payload, std::string_view client_id) {
  const json::value* audience = find(payload, "aud");
  if (audience == nullptr) return false;
  std::size_t others = 0;
  bool found = audience->is_string() && audience->get_string() == client_id;
  if (audience->is_array()) {
    for (const json::value& each : audience->get_array()) {
      if (!each.is_string()) return false;
      const bool is_us = each.get_string() == client_id;
      found = found || is_us;
      others += is_us ? 0 : 1;
    }
  }
  if (!found) return false;
  if (find(payload, "azp") == nullptr) return others == 0;
  return find_string(payload, "azp") == client_id;
}

std::int64_t whole_seconds(Micros at) { return at / kMicrosPerSecond; }

// JSON numbers: some issuers write 1.7e9.
std::optional<std::int64_t> seconds_of(const json::object& payload, std::string_view claim) {
  if (const auto whole = find_int(payload, claim)) return whole;
  const auto number = find_number(payload, claim);
  if (!number || !(*number > -1e15 && *number < 1e15)) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

bool is_of_now(const json::object& payload, const TokenTimes& times) {
  const auto expires = seconds_of(payload, "exp");
  const auto issued = seconds_of(payload, "iat");
  if (!expires || !issued || *expires < *issued) return false;
  if (whole_seconds(times.expiry_now) >= *expires + times.skew_seconds) return false;
  const std::int64_t latest = whole_seconds(times.now) + times.skew_seconds;
  if (*issued > latest) return false;
  if (find(payload, "nbf") == nullptr) return true;
  const auto not_before = seconds_of(payload, "nbf");
  return not_before && *not_before <= latest;
}

bool is_subject(std::string_view text) {
  return !text.empty() && text.size() <= kSubjectBytes &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool has_nonce(const json::object& payload, const std::optional<std::string>& nonce) {
  if (!nonce) return true;
  const auto said = find_string(payload, "nonce");
  return said && constant_time_equal(*said, *nonce);
}

bool contains(const std::vector<std::string>& domains, std::string_view domain) {
  return std::ranges::find(domains, domain) != domains.end();
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

bool is_of_an_allowed_domain(const json::object& payload, std::string_view email, const IdTokenRules& rules) {
  if (rules.allowed_domains.empty()) return true;
  if (!contains(rules.allowed_domains, email.substr(email.find('@') + 1))) return false;
  if (find(payload, "hd") == nullptr) return rules.issuer != kGoogleIssuer;
  return contains(rules.allowed_domains, lower(find_string(payload, "hd").value_or("")));
}

}  // namespace

std::unexpected<Error> refused_id_token(std::string_view why) {
  log_info("an id_token was refused", {{"why", why}});
  return fail(Code::kConflict, "GOOGLE_OAUTH2_USER_INFO_ERROR_DETECTED",
              "the id_token does not verify: sign in again at the issuer");
}

Result<RawIdToken> take_apart_id_token(std::string_view text) {
  if (text.size() > limits::kIdTokenBytes) return refused_id_token("size");
  if (std::ranges::count(text, '.') != 2) return refused_id_token("segments");
  const auto first = text.find('.');
  const auto second = text.rfind('.');
  const auto signature = base64url_decode(text.substr(second + 1));
  if (!signature || signature->empty()) return refused_id_token("signature's form");
  const auto header = object_of(text.substr(0, first));
  if (!header || !is_known_header(*header)) return refused_id_token("header");
  auto payload = object_of(text.substr(first + 1, second - first - 1));
  if (!payload) return refused_id_token("payload's form");
  return RawIdToken{std::string(text), *find_string(*header, "alg"), *find_string(*header, "kid"), *std::move(payload)};
}

Result<Identity> check_id_token(const RawIdToken& token, const IssuerKey& key, const IdTokenRules& rules) {
  const json::object& payload = token.payload;
  if (!key.verifies(token.text, token.algorithm)) return refused_id_token("signature");
  if (!is_issuer(payload, rules.issuer)) return refused_id_token("iss");
  if (!is_for_us(payload, rules.client_id)) return refused_id_token("aud or azp");
  if (!is_of_now(payload, rules.times)) return refused_id_token("exp, iat or nbf");
  if (!has_nonce(payload, rules.nonce)) return refused_id_token("nonce");
  auto subject = find_string(payload, "sub");
  if (!subject || !is_subject(*subject)) return refused_id_token("sub");
  auto email = normal_email(find_string(payload, "email").value_or(""));
  if (!email) return refused_id_token("email");
  if (find_bool(payload, "email_verified") != true) return refused_id_token("email_verified");
  if (!is_of_an_allowed_domain(payload, *email, rules)) {
    return fail(Code::kUnauthenticated, "WRONG_EMAIL_DOMAIN",
                "accounts of this email's domain may not sign in here: use the one of your work");
  }
  return Identity{rules.issuer, *std::move(subject), *std::move(email), *seconds_of(payload, "exp")};
}

}  // namespace lakelift::accounts
