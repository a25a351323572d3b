#include "edge/http/routes/sign_in_browser.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/id.h"
#include "base/limits.h"
#include "edge/http/routes/authenticate.h"

namespace lakelift::http {
namespace {

constexpr std::size_t kSecretBytes = 32;

bool is_secret(std::string_view text) { return text.size() == 2 * kSecretBytes && hex_decode(text).has_value(); }

void set_cookie(std::string_view name, std::string_view value, std::string_view path, std::int64_t seconds,
                const RequestContext& context, Response& response) {
  const std::string_view secure = context.base_url.starts_with("https://") ? "; Secure" : "";
  response.headers.emplace_back("Set-Cookie", fmt::format("{}={}; Path={}; Max-Age={}; HttpOnly; SameSite=Lax{}", name,
                                                          value, path, seconds, secure));
}

}  // namespace

std::optional<std::string> cookie_of(const RequestContext& context, std::string_view name) {
  for (const auto& [header, value] : context.headers) {
    if (header != "cookie") continue;
    std::string_view cookies = value;
    while (!cookies.empty()) {
      const std::size_t end = std::min(cookies.find(';'), cookies.size());
      std::string_view pair = cookies.substr(0, end);
      cookies.remove_prefix(std::min(end + 1, cookies.size()));
      while (pair.starts_with(' ')) pair.remove_prefix(1);
      if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
        return std::string(pair.substr(name.size() + 1));
      }
    }
  }
  return std::nullopt;
}

Browser browser_of(const RequestContext& context, Random& random) {
  auto secret = cookie_of(context, kBrowserCookie);
  if (secret && is_secret(*secret)) return {*std::move(secret), false};
  return {random_hex(random, kSecretBytes), true};
}

void remember(const Browser& browser, const RequestContext& context, Response& response) {
  if (!browser.is_new) return;
  set_cookie(kBrowserCookie, browser.secret, "/accounts/", limits::kBrowserCookieSeconds, context, response);
}

std::string ticket_of(const Browser& browser, std::string_view subject) {
  return hex_encode(hmac_sha256(browser.secret, subject));
}

bool is_ticket(std::string_view ticket, const Browser& browser, std::string_view subject) {
  return !browser.is_new && constant_time_equal(ticket, ticket_of(browser, subject));
}

void set_token_cookie(std::string_view token, std::int64_t seconds, const RequestContext& context, Response& response) {
  set_cookie(kTokenCookie, token, "/", seconds, context, response);
}

void clear_token_cookie(const RequestContext& context, Response& response) {
  set_cookie(kTokenCookie, "", "/", 0, context, response);
}

std::string local_path(std::string_view wanted) {
  const bool is_path = wanted.starts_with('/') && wanted.size() <= limits::kReturnToBytes;
  // "//host" and "/\host" are other hosts to a browser.
  if (!is_path || (wanted.size() > 1 && (wanted[1] == '/' || wanted[1] == '\\'))) return "/";
  const bool is_plain = std::ranges::all_of(wanted, [](char c) { return c > ' ' && c <= '~' && c != '\\'; });
  return is_plain ? std::string(wanted) : "/";
}

Response redirect(std::string_view address) {
  Response response = Response::text(302, "text/plain; charset=utf-8", "see the Location\n");
  response.headers.emplace_back("Location", std::string(address));
  return response;
}

}  // namespace lakelift::http
