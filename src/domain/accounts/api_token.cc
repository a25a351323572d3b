#include "domain/accounts/api_token.h"

#include <array>

#include "base/encoding.h"

namespace lakelift::accounts {
namespace {

constexpr std::string_view kPrefix = "lakelift_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kCheckChars = 6;
constexpr std::size_t kTextChars = 9 + 43 + kCheckChars;

std::string check_of(std::string_view without_check) {
  const Digest digest = sha256(as_bytes(without_check));
  return base64url_encode(Bytes(digest).first(kCheckBytes));
}

json::value time_or_null(const std::optional<Micros>& at) {
  if (!at) return nullptr;
  return json::string(iso8601(*at));
}

}  // namespace

json::object to_json(const ApiToken& token) {
  json::value created_by = nullptr;
  if (token.created_by) created_by = *token.created_by;
  return {{"@type", "api_token"},
          {"id", token.id},
          {"account_id", token.account_id},
          {"name", token.name},
          {"scope", name_of(token.scope)},
          {"created_by", std::move(created_by)},
          {"created_at", iso8601(token.created_at)},
          {"expires_at", time_or_null(token.expires_at)},
          {"last_used_at", time_or_null(token.last_used_at)}};
}

std::string new_api_token_text(Random& random) {
  std::array<std::byte, kSecretBytes> secret{};
  random.fill(secret);
  const std::string text = std::string(kPrefix) + base64url_encode(secret);
  return text + check_of(text);
}

bool is_api_token(std::string_view text) { return text.starts_with(kPrefix); }

bool is_whole_api_token(std::string_view text) {
  if (!is_api_token(text) || text.size() != kTextChars) return false;
  const std::size_t end = text.size() - kCheckChars;
  return constant_time_equal(check_of(text.substr(0, end)), text.substr(end));
}

}  // namespace lakelift::accounts
