#include "edge/http/digest_header.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace lakelift::http {
namespace {

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '*';
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

std::string_view take_key(std::string_view& text) {
  const auto length = static_cast<std::size_t>(std::ranges::find_if_not(text, is_key_char) - text.begin());
  const std::string_view key = text.substr(0, length);
  text.remove_prefix(length);
  return key;
}

// ":base64:", as bytes. RFC 8941 lets the padding be missing.
std::optional<std::string> take_bytes(std::string_view& text) {
  if (!text.starts_with(':')) return std::nullopt;
  const std::size_t end = text.find(':', 1);
  if (end == std::string_view::npos) return std::nullopt;
  std::string base64(text.substr(1, end - 1));
  text.remove_prefix(end + 1);
  base64.append((4 - base64.size() % 4) % 4, '=');
  return base64_decode(base64);
}

// Parameters mean nothing here: ";key" and ";key=value" without quotes are passed over.
void skip_parameters(std::string_view& text) {
  if (!text.starts_with(';')) return;
  text.remove_prefix(std::min(text.find_first_of(",\""), text.size()));
}

// One "key=:bytes:" of the list, and the comma behind it.
std::optional<std::pair<std::string_view, std::string>> take_member(std::string_view& text) {
  const std::string_view key = take_key(text);
  if (key.empty() || !text.starts_with('=')) return std::nullopt;
  text.remove_prefix(1);
  auto bytes = take_bytes(text);
  if (!bytes) return std::nullopt;
  skip_parameters(text);
  skip_blanks(text);
  if (text.empty()) return std::pair(key, *std::move(bytes));
  if (text.front() != ',') return std::nullopt;
  text.remove_prefix(1);
  skip_blanks(text);
  if (text.empty()) return std::nullopt;
  return std::pair(key, *std::move(bytes));
}

std::unexpected<Error> refuse(std::string_view header_name, const std::string& why) {
  const std::string name(header_name);
  return fail(Code::kInvalid, "DIGEST_DID_NOT_VALIDATE", "the header " + name + " " + why, {{name, {why}}});
}

}  // namespace

Result<std::optional<std::string>> parse_digest(std::string_view header_name, std::string_view value) {
  std::optional<std::string> found;
  skip_blanks(value);
  while (!value.empty()) {
    const auto member = take_member(value);
    if (!member) return refuse(header_name, "must be like: sha-256=:base64:");
    if (member->first != "sha-256") continue;
    if (member->second.size() != 32) return refuse(header_name, "has a sha-256 that is not 32 bytes");
    std::string hex = hex_encode(as_bytes(member->second));
    if (found && *found != hex) return refuse(header_name, "has two different sha-256");
    found = std::move(hex);
  }
  return found;
}

Result<std::optional<std::string>> claimed_sha256(const RequestContext& request) {
  std::optional<std::string> claimed;
  for (const std::string_view name : {"Content-Digest", "Repr-Digest"}) {
    const auto value = request.joined_header(name == "Repr-Digest" ? "repr-digest" : "content-digest");
    if (!value) continue;
    TRY(auto digest, parse_digest(name, *value));
    if (claimed && digest && *claimed != *digest) return refuse(name, "has another sha-256 than Content-Digest");
    if (digest) claimed = std::move(digest);
  }
  return claimed;
}

}  // namespace lakelift::http
