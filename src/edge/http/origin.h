// Where a request comes from: the cross-site check for callers who sign in by cookie (threats A9), and the address that
// handed-out links begin with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edge/http/request_context.h"

namespace lakelift::http {

// Whether a state-changing request that a cookie signs in comes from our own pages: Origin equals base_url's origin, or
// Sec-Fetch-Site says so. A request that carries neither is not ours; bearer tokens need no such check.
[[nodiscard]] bool is_same_origin(const RequestContext& context);

struct BaseUrlRule {
  std::string public_url;                    // wins over everything
  std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-* are believed
  std::string tcp_url;                       // "http://127.0.0.1:3000", or empty where only the Unix socket listens
};

// Without a slash at the end. Reads context.headers, is_local and `peer_address`.
[[nodiscard]] std::string base_url_for(const BaseUrlRule& rule, const RequestContext& context,
                                       std::string_view peer_address);
// The peer's address, or the nearest one that no trusted proxy has.
[[nodiscard]] std::string client_address_for(const BaseUrlRule& rule, const RequestContext& context,
                                             std::string_view peer_address);
// "localhost", "127.0.0.1" or "[::1]", with or without a port.
[[nodiscard]] bool is_loopback_host(std::string_view host);

}  // namespace lakelift::http
