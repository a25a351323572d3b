#include "domain/accounts/issuers.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/net/address_rule.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"

namespace lakelift::accounts {
namespace {

constexpr std::string_view kScope = "openid email profile";

std::unexpected<Error> unreachable() {
  return fail(Code::kUnavailable, "ISSUER_UNREACHABLE",
              "the place where you sign in does not answer just now: try again in a minute");
}

std::unexpected<Error> code_refused(std::string_view why) {
  log_info("a code was not taken by the issuer", {{"why", why}});
  return fail(Code::kConflict, "SIGN_IN_WAS_REFUSED", "the issuer did not confirm the sign-in: start it again");
}

std::string form(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + "=" + percent_encode(value);
  }
  return out;
}

bool offers(const json::object& document, std::string_view name, std::string_view value) {
  const json::value* list = find(document, name);
  return list != nullptr && list->is_array() && std::ranges::any_of(list->get_array(), [&](const json::value& each) {
           return each.is_string() && each.get_string() == value;
         });
}

// The secret goes by HTTP Basic unless the issuer takes it in the body alone (OpenID Connect Discovery: Basic is the
// default).
bool takes_secret_in_body(const json::object& document) {
  constexpr std::string_view kMethods = "token_endpoint_auth_methods_supported";
  return offers(document, kMethods, "client_secret_post") && !offers(document, kMethods, "client_secret_basic");
}

std::string error_of(const net::HttpResponse& response) {
  const auto body = parse_json(response.body);
  if (!body || !body->is_object()) return fmt::format("status {}", response.status);
  return find_string(body->get_object(), "error").value_or(fmt::format("status {}", response.status));
}

}  // namespace

Result<Discovery> parse_discovery(std::string_view text, std::string_view issuer) {
  const auto document = parse_json(text);
  if (!document || !document->is_object()) return fail(Code::kCorrupt, "the discovery document is no JSON object");
  const json::object& said = document->get_object();
  if (find_string(said, "issuer") != issuer) {
    return fail(Code::kCorrupt, fmt::format("the discovery document is not of {}", issuer));
  }
  Discovery out;
  const std::pair<std::string_view, std::string*> endpoints[] = {
      {"authorization_endpoint", &out.authorization_endpoint},
      {"token_endpoint", &out.token_endpoint},
      {"jwks_uri", &out.jwks_uri}};
  for (const auto& [name, target] : endpoints) {
    *target = find_string(said, name).value_or("");
    if (const auto checked = net::check_url(*target); !checked) {
      return fail(Code::kCorrupt, fmt::format("{} of {}: {}", name, issuer, checked.error().message));
    }
  }
  out.takes_secret_in_body = takes_secret_in_body(said);
  out.names_itself = find_bool(said, "authorization_response_iss_parameter_supported").value_or(false);
  return out;
}

Issuer::Issuer(IssuerSettings settings, net::HttpClient& http, const Clock& clock)
    : settings_(std::move(settings)),
      http_(http),
      discovery_([this] { return fetch_discovery(); }, clock, settings_.refetch_seconds),
      keys_(
          [this]() -> Result<KeySetCache::Fetched> {
            TRY(const auto discovery, discovery_.get());
            return fetch_key_set(http_, discovery->jwks_uri);
          },
          clock, settings_.refetch_seconds) {}

bool Issuer::is_issuer(std::string_view iss) const {
  if (iss == settings_.issuer) return true;
  return settings_.issuer == kGoogleIssuer && iss == kGoogleIssuer.substr(std::string_view("https://").size());
}

Result<CachedDocument<Discovery>::Fetched> Issuer::fetch_discovery() {
  std::string url = settings_.issuer;
  while (url.ends_with('/')) url.pop_back();
  url += "/.well-known/openid-configuration";
  TRY(const auto response, http_.send({.url = url, .headers = {{"Accept", "application/json"}}, .body = {}}));
  if (response.status != 200) return fail(Code::kUnavailable, "discovery was answered with another status than 200");
  TRY(auto discovery, parse_discovery(response.body, settings_.issuer));
  return CachedDocument<Discovery>::Fetched{std::make_shared<const Discovery>(std::move(discovery)),
                                            max_age_of(response)};
}

Result<std::string> Issuer::authorization_url(const AuthorizationRequest& request) {
  TRY(const auto discovery, discovery_.get());
  std::vector<std::pair<std::string_view, std::string_view>> fields{{"response_type", "code"},
                                                                    {"client_id", settings_.client_id},
                                                                    {"redirect_uri", request.redirect_uri},
                                                                    {"scope", kScope},
                                                                    {"state", request.state},
                                                                    {"nonce", request.nonce},
                                                                    {"code_challenge", request.code_challenge},
                                                                    {"code_challenge_method", "S256"}};
  // So that Google's page offers the right account; the token is checked all the same.
  if (settings_.issuer == kGoogleIssuer && settings_.allowed_domains.size() == 1) {
    fields.emplace_back("hd", settings_.allowed_domains.front());
  }
  const std::string& endpoint = discovery->authorization_endpoint;
  return endpoint + (endpoint.contains('?') ? "&" : "?") + form(fields);
}

Result<std::string> Issuer::redeem_code(const AuthorizationCode& code) {
  TRY(const auto discovery, discovery_.get());
  if (!calls_.try_acquire()) return unreachable();
  net::HttpRequest request{
      .method = net::HttpMethod::kPost, .url = discovery->token_endpoint, .headers = {}, .body = {}};
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  std::vector<std::pair<std::string_view, std::string_view>> fields{{"grant_type", "authorization_code"},
                                                                    {"code", code.code},
                                                                    {"redirect_uri", code.redirect_uri},
                                                                    {"code_verifier", code.code_verifier}};
  const bool has_secret = !settings_.client_secret.empty();
  if (!has_secret || discovery->takes_secret_in_body) fields.emplace_back("client_id", settings_.client_id);
  if (has_secret && discovery->takes_secret_in_body) {
    fields.emplace_back("client_secret", settings_.client_secret);
  } else if (has_secret) {
    const std::string pair = percent_encode(settings_.client_id) + ":" + percent_encode(settings_.client_secret);
    request.headers.emplace_back("Authorization", "Basic " + base64_encode(as_bytes(pair)));
  }
  request.body = form(fields);
  const auto response = http_.send(request);
  calls_.release();
  if (!response) {
    log_warning("a code could not be redeemed", {{"error", describe(response.error())}});
    return unreachable();
  }
  if (response->status >= 500) return unreachable();
  if (response->status != 200) return code_refused(error_of(*response));
  const auto body = parse_json(response->body);
  auto id_token = body && body->is_object() ? find_string(body->get_object(), "id_token") : std::nullopt;
  if (!id_token) return code_refused("the answer has no id_token");
  return *std::move(id_token);
}

Result<Identity> Issuer::verify(const RawIdToken& token, const TokenTimes& now,
                                const std::optional<std::string>& nonce) {
  TRY(auto keys, keys_.get());
  const IssuerKey* key = keys->find(token.key_id);
  if (key == nullptr) {
    TRY(keys, keys_.newer_than(keys));
    key = keys->find(token.key_id);
  }
  if (key == nullptr) return refused_id_token("unknown kid");
  return check_id_token(token, *key,
                        {settings_.issuer,
                         settings_.client_id,
                         settings_.allowed_domains,
                         nonce,
                         {now.now, now.expiry_now, settings_.clock_skew_seconds}});
}

Result<void> Issuer::check_answerer(const std::optional<std::string>& iss) {
  TRY(const auto discovery, discovery_.get());
  const bool fits = iss ? is_issuer(*iss) : !discovery->names_itself;
  if (!fits) return code_refused("iss of the answer");
  return {};
}

Issuers::Issuers(std::vector<IssuerSettings> settings, net::HttpClient& http, const Clock& clock) {
  for (auto& each : settings) issuers_.push_back(std::make_unique<Issuer>(std::move(each), http, clock));
}

Issuer* Issuers::by_name(std::string_view name) const {
  const auto found =
      std::ranges::find_if(issuers_, [&](const auto& issuer) { return issuer->settings().name == name; });
  return found == issuers_.end() ? nullptr : found->get();
}

Issuer* Issuers::by_iss(std::string_view iss) const {
  const auto found = std::ranges::find_if(issuers_, [&](const auto& issuer) { return issuer->is_issuer(iss); });
  return found == issuers_.end() ? nullptr : found->get();
}

}  // namespace lakelift::accounts
