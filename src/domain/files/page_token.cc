#include "domain/files/page_token.h"

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "domain/files/file_errors.h"

namespace lakelift::files {
namespace {

constexpr std::size_t kTokenBytes = 4 * limits::kFilePathBytes;

std::optional<PageKey> key_of(std::string_view listing, std::string_view token) {
  if (token.size() > kTokenBytes) return std::nullopt;
  const auto text = base64url_decode(token);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  if (!value || !value->is_array() || value->get_array().size() != 3) return std::nullopt;
  const auto& parts = value->get_array();
  if (!parts[0].is_string() || parts[0].get_string() != listing) return std::nullopt;
  if (!parts[1].is_int64() || !parts[2].is_string()) return std::nullopt;
  PageKey key{parts[1].get_int64(), std::string(parts[2].get_string())};
  // No database takes a NUL; and only what we would write ourselves is ours.
  if (key.text.find('\0') != std::string::npos || page_token(listing, key) != token) return std::nullopt;
  return key;
}

}  // namespace

std::string page_token(std::string_view listing, const PageKey& key) {
  return base64url_encode(as_bytes(to_text(json::array{listing, key.number, key.text})));
}

Result<std::optional<PageKey>> parse_page_token(std::string_view listing, const std::optional<std::string>& token) {
  if (!token) return std::nullopt;
  auto key = key_of(listing, *token);
  if (!key) {
    return not_valid("QUERY_DID_NOT_VALIDATE", "next",
                     "It is the `next` of the page before, of the same list in the same order.");
  }
  return key;
}

Result<void> check_limit(std::int64_t limit) {
  if (limit >= 1 && limit <= limits::kFilesPerPage) return {};
  return not_valid("QUERY_DID_NOT_VALIDATE", "limit", "It is 1 to " + std::to_string(limits::kFilesPerPage) + ".");
}

}  // namespace lakelift::files
