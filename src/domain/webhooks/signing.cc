#include "domain/webhooks/signing.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace lakelift::webhooks {
namespace {

std::string text_of(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

}  // namespace

std::string secret_of(const Webhook& webhook, const accounts::KeyRing& keys) {
  const std::string key = keys.secret(accounts::KeyPurpose::kWebhook, webhook.key_id);
  if (key.empty()) return {};
  return text_of(hmac_sha256(key, fmt::format("webhook secret/{}/{}", webhook.account_id, webhook.salt)));
}

std::string shown(std::string_view secret) { return "whsec_" + base64_encode(as_bytes(secret)); }

net::Headers signed_headers(std::string_view secret, std::string_view id, Micros now, std::string_view body) {
  const std::string timestamp = fmt::format("{}", now / kMicrosPerSecond);
  const Digest mac = hmac_sha256(secret, fmt::format("{}.{}.{}", id, timestamp, body));
  return {{"content-type", "application/json"},
          {"webhook-id", std::string(id)},
          {"webhook-timestamp", timestamp},
          {"webhook-signature", "v1," + base64_encode(mac)}};
}

}  // namespace lakelift::webhooks
