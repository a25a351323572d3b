#include "domain/accounts/jwks.h"

#include <cjose/cjose.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/encoding.h"

namespace lakelift::accounts {
namespace {

constexpr std::size_t kRsaLeastBytes = 256;  // 2,048 bits
constexpr std::size_t kRsaMostBytes = 1'024;
constexpr std::size_t kExponentMostBytes = 8;
constexpr std::size_t kP256Bytes = 32;

template <auto Release>
struct Releaser {
  template <typename T>
  void operator()(T* thing) const {
    Release(thing);
  }
};
using Jwk = std::unique_ptr<cjose_jwk_t, Releaser<cjose_jwk_release>>;
using Jws = std::unique_ptr<cjose_jws_t, Releaser<cjose_jws_release>>;

bool has_length(const json::object& jwk, std::string_view name, std::size_t least, std::size_t most) {
  const auto text = find_string(jwk, name);
  const auto bytes = text ? base64url_decode(*text) : std::nullopt;
  return bytes && bytes->size() >= least && bytes->size() <= most;
}

bool is_for_signatures(const json::object& jwk) {
  if (find(jwk, "use") != nullptr && find_string(jwk, "use") != "sig") return false;
  const json::value* operations = find(jwk, "key_ops");
  if (operations == nullptr) return true;
  return operations->is_array() && std::ranges::any_of(operations->get_array(), [](const json::value& operation) {
           return operation.is_string() && operation.get_string() == "verify";
         });
}

json::object members_of(const json::object& jwk, std::initializer_list<std::string_view> names) {
  json::object out;
  for (const auto name : names) out[name] = find_string(jwk, name).value_or("");
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

}  // namespace

std::optional<IssuerKey> IssuerKey::from(const json::object& jwk) {
  IssuerKey key;
  key.id_ = find_string(jwk, "kid").value_or("");
  key.algorithm_ = find_string(jwk, "alg").value_or("");
  const bool is_named = !key.id_.empty() && key.id_.size() <= limits::kIssuerKeyIdBytes;
  if (!is_named || !is_for_signatures(jwk) || find(jwk, "d") != nullptr) return std::nullopt;
  const auto kind = find_string(jwk, "kty");
  if (kind == "RSA") {
    if (!has_length(jwk, "n", kRsaLeastBytes, kRsaMostBytes) || !has_length(jwk, "e", 1, kExponentMostBytes))
      return std::nullopt;
    key.is_rsa_ = true;
    key.jwk_ = to_text(members_of(jwk, {"kty", "kid", "n", "e"}));
  } else if (kind == "EC" && find_string(jwk, "crv") == "P-256") {
    if (!has_length(jwk, "x", kP256Bytes, kP256Bytes) || !has_length(jwk, "y", kP256Bytes, kP256Bytes))
      return std::nullopt;
    key.jwk_ = to_text(members_of(jwk, {"kty", "kid", "crv", "x", "y"}));
  } else {
    return std::nullopt;
  }
  return key;
}

bool IssuerKey::verifies(std::string_view token, std::string_view algorithm) const {
  const bool fits = is_rsa_ ? algorithm == "RS256" || algorithm == "PS256" : algorithm == "ES256";
  if (!fits || (!algorithm_.empty() && algorithm_ != algorithm)) return false;
  cjose_err error{};
  // Made anew for each call: cjose counts references without locks.
  const Jwk key(cjose_jwk_import(jwk_.data(), jwk_.size(), &error));
  const Jws jws(cjose_jws_import(token.data(), token.size(), &error));
  return key != nullptr && jws != nullptr && cjose_jws_verify(jws.get(), key.get(), &error);
}

Result<KeySet> KeySet::parse(std::string_view text) {
  const auto document = parse_json(text);
  const json::value* keys =
      document && document->is_object() ? lakelift::find(document->get_object(), "keys") : nullptr;
  if (keys == nullptr || !keys->is_array()) return fail(Code::kCorrupt, "it is no set of keys");
  if (keys->get_array().size() > limits::kIssuerKeys) return fail(Code::kCorrupt, "there are too many keys");
  KeySet set;
  for (const json::value& each : keys->get_array()) {
    auto key = each.is_object() ? IssuerKey::from(each.get_object()) : std::nullopt;
    if (!key) continue;
    const std::string id = key->id();
    set.keys_.try_emplace(id, *std::move(key));
  }
  if (set.keys_.empty()) return fail(Code::kCorrupt, "none of the keys is for RS256, PS256 or ES256");
  return set;
}

const IssuerKey* KeySet::find(std::string_view key_id) const {
  const auto found = keys_.find(key_id);
  return found == keys_.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> max_age_of(const net::HttpResponse& response) {
  const std::string control = lower(response.header("cache-control").value_or(""));
  std::optional<std::int64_t> age;
  for (std::size_t at = 0; at < control.size();) {
    const std::size_t end = std::min(control.find(',', at), control.size());
    std::string_view part = std::string_view(control).substr(at, end - at);
    at = end + 1;
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (part == "no-store" || part == "no-cache") return 0;
    if (!part.starts_with("max-age=")) continue;
    part.remove_prefix(8);
    std::int64_t seconds = 0;
    const auto [stop, problem] = std::from_chars(part.data(), part.data() + part.size(), seconds);
    if (problem == std::errc{} && stop == part.data() + part.size() && seconds >= 0) age = seconds;
  }
  return age;
}

Result<KeySetCache::Fetched> fetch_key_set(net::HttpClient& http, const std::string& url) {
  TRY(const auto response, http.send({.url = url, .headers = {{"Accept", "application/json"}}, .body = {}}));
  if (response.status != 200) return fail(Code::kUnavailable, "the keys were answered with another status than 200");
  TRY(auto keys, KeySet::parse(response.body));
  return KeySetCache::Fetched{std::make_shared<const KeySet>(std::move(keys)), max_age_of(response)};
}

}  // namespace lakelift::accounts
