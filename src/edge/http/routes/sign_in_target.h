// What a page's button is for, and how often an address may try: shared by the routes of signing in.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/rate_limiter.h"
#include "domain/accounts/sign_in.h"
#include "edge/http/routes/routes.h"
#include "edge/http/routes/sign_in_browser.h"
#include "edge/http/routes/sign_in_pages.h"

namespace lakelift::http {

inline constexpr std::string_view kDevicePage = "/accounts/device/";
inline constexpr std::string_view kRequestPage = "/accounts/auth_requests/";

// Counts one attempt of the caller's address; the machine's owner on the Unix socket is not counted. Error: kTooMany.
[[nodiscard]] Result<void> take_attempt(RateLimiter& by_address, const RequestContext& context);

using FieldOf = std::function<std::string_view(std::string_view name)>;  // of a query or a form; absent: empty

// auth_request or user_code, each with its ticket; else return_to. Errors: SignIn::look_at's, DeviceGrant::look_at's;
// kForbidden SIGN_IN_NOT_CONFIRMED where the ticket is not this browser's.
[[nodiscard]] Result<accounts::Target> target_of(const Services& services, const Browser& browser,
                                                 const FieldOf& field);
// The other way round: what the buttons of a page for that subject send along.
[[nodiscard]] pages::Ways ways_of(const Services& services, const Browser& browser, std::string_view name,
                                  const std::string& subject);
[[nodiscard]] Response problem_page(const Error& error);  // with Retry-After where it helps

}  // namespace lakelift::http
