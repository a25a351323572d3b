#include "domain/slices/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/limits.h"

namespace lakelift::slices {
namespace {

constexpr std::size_t kMacChars = 64;
constexpr std::size_t kKeyIdChars = 64;
constexpr std::size_t kParts = 6;

std::string_view name_of(LinkPurpose purpose) { return purpose == LinkPurpose::kWait ? "wait" : "get"; }

// What is under the mac. The prefix keeps other signed addresses of the same keys apart.
std::string message_of(const Link& link) {
  return fmt::format("{}{}/{}/{}/{}", kLinkPrefix, link.request_id, link.account_id, name_of(link.purpose),
                     link.expires);
}

std::unexpected<Error> refused(std::string message) {
  return fail(Code::kForbidden, "LINK_NOT_VALID", std::move(message));
}
std::unexpected<Error> not_ours() {
  return refused("this address was not made by this server; ask for the download request again to get a new one");
}

// Digits only, no leading zeros, within 63 bits: each number has one text.
std::optional<std::int64_t> canonical_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_lower_hex(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<std::array<std::string_view, kParts>> split(std::string_view rest) {
  std::array<std::string_view, kParts> parts;
  for (std::size_t i = 0; i + 1 < kParts; ++i) {
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    parts[i] = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  if (rest.find('/') != std::string_view::npos) return std::nullopt;
  parts[kParts - 1] = rest;
  return parts;
}

struct SignedLink {
  Link link;
  accounts::Signature signature;
};

std::optional<SignedLink> parse(std::string_view path) {
  if (!path.starts_with(kLinkPrefix)) return std::nullopt;
  const auto parts = split(path.substr(kLinkPrefix.size()));
  if (!parts) return std::nullopt;
  const auto& [request, account, purpose, expires, key_id, mac] = *parts;
  const auto request_id = canonical_number(request);
  const auto account_id = canonical_number(account);
  const auto seconds = canonical_number(expires);
  if (!request_id || !account_id || !seconds) return std::nullopt;
  if (purpose != "wait" && purpose != "get") return std::nullopt;
  if (!is_lower_hex(key_id) || key_id.size() > kKeyIdChars) return std::nullopt;
  if (!is_lower_hex(mac) || mac.size() != kMacChars) return std::nullopt;
  const Link link{*request_id, *account_id, purpose == "wait" ? LinkPurpose::kWait : LinkPurpose::kGet, *seconds};
  return SignedLink{link, {std::string(key_id), std::string(mac)}};
}

}  // namespace

std::string sign_link(const Link& link, const accounts::KeyRing& keys) {
  std::string path = message_of(link);
  const accounts::Signature signature = keys.sign(accounts::KeyPurpose::kLink, path);
  return fmt::format("{}/{}/{}", path, signature.key_id, signature.mac);
}

Result<Link> verify_link(std::string_view path, const accounts::KeyRing& keys, const Clock& clock) {
  const auto found = parse(path);
  if (!found) return not_ours();
  const Link& link = found->link;
  if (!keys.verify(accounts::KeyPurpose::kLink, message_of(link), found->signature)) return not_ours();
  if (link.purpose == LinkPurpose::kWait) {
    if (link.expires != 0) return not_ours();
    return link;
  }
  const Micros now = clock.now();
  // Compared in seconds rounded up, so that no product can overflow: valid within [now, now + max].
  const std::int64_t now_seconds = (now + kMicrosPerSecond - 1) / kMicrosPerSecond;
  if (link.expires < now_seconds) return refused("this address has expired; ask for the download request again");
  if (link.expires > now / kMicrosPerSecond + limits::kLinkMaxSeconds) {
    return refused("this address is valid for longer than addresses may be");
  }
  return link;
}

}  // namespace lakelift::slices
