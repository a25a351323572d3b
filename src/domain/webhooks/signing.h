// Secrets of webhooks, and what a receiver checks: as https://www.standardwebhooks.com has it. Pure but for the keys.
#pragma once

#include <string>
#include <string_view>

#include "backends/net/http_client.h"
#include "base/clock.h"
#include "domain/accounts/key_ring.h"
#include "domain/webhooks/webhook.h"

namespace lakelift::webhooks {

// 32 raw bytes, made from the server's key of the webhook and what the webhook is; empty where that key is gone.
[[nodiscard]] std::string secret_of(const Webhook& webhook, const accounts::KeyRing& keys);
// "whsec_" and base64: what the owner is shown once.
[[nodiscard]] std::string shown(std::string_view secret);
// webhook-id, webhook-timestamp (seconds since 1970), webhook-signature: "v1," and base64 of HMAC-SHA256 over
// "{id}.{timestamp}.{body}".
[[nodiscard]] net::Headers signed_headers(std::string_view secret, std::string_view id, Micros now,
                                          std::string_view body);

}  // namespace lakelift::webhooks
