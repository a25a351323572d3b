// What ties a sign-in to one browser: its cookie, the tickets of its pages, where it may go on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "edge/http/request_context.h"
#include "edge/http/response.h"

namespace lakelift::http {

inline constexpr std::string_view kBrowserCookie = "lakelift-browser";

// The cookie's value of that name; nothing where it is not sent.
[[nodiscard]] std::optional<std::string> cookie_of(const RequestContext& context, std::string_view name);

struct Browser {
  std::string secret;  // 64 hex digits
  bool is_new = false;
};

// The one of the cookie, else a fresh one.
[[nodiscard]] Browser browser_of(const RequestContext& context, Random& random);
// HttpOnly, SameSite=Lax (the issuer's answer is a navigation from another site), Secure over https.
void remember(const Browser& browser, const RequestContext& context, Response& response);

// What a link of our page carries, so that no other site can send a browser on its way for a request that its person
// never saw: only who knows the browser's secret can make it. `subject`: a request_uuid or a user_code.
[[nodiscard]] std::string ticket_of(const Browser& browser, std::string_view subject);
[[nodiscard]] bool is_ticket(std::string_view ticket, const Browser& browser, std::string_view subject);

// The token of a browser that has signed in for itself, and its end.
void set_token_cookie(std::string_view token, std::int64_t seconds, const RequestContext& context, Response& response);
void clear_token_cookie(const RequestContext& context, Response& response);

// A path of ours ("/ui/catalogue/?query=x"); "/" for whatever could lead elsewhere.
[[nodiscard]] std::string local_path(std::string_view wanted);

[[nodiscard]] Response redirect(std::string_view address);  // 302

}  // namespace lakelift::http
