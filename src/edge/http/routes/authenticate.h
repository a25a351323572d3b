// The pure parts of finding out who calls.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/http/request_context.h"

namespace lakelift::http {

inline constexpr std::string_view kTokenCookie = "lakey-auth-token";

struct Credential {
  std::string token;
  bool from_cookie = false;
};

// The bearer token, else the cookie's; nothing where the request carries neither. Errors, kUnauthenticated:
// AUTH_TOKEN_WAS_BROKEN for two Authorization headers.
[[nodiscard]] Result<std::optional<Credential>> credential_of(const RequestContext& context);

// A browser sends cookies along whoever wrote the page, so a cookie alone may not change anything: the browser must say
// that our own page asks (threats A9). Error: kForbidden CROSS_SITE_REQUEST_REFUSED.
[[nodiscard]] Result<void> check_same_origin(const RequestContext& context);

}  // namespace lakelift::http
