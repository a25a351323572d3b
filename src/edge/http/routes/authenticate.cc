#include "edge/http/routes/authenticate.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/rate_limiter.h"
#include "domain/accounts/api_token.h"
#include "edge/http/origin.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

constexpr std::string_view kScheme = "bearer";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Nothing for another scheme.
std::optional<std::string_view> bearer_token(std::string_view authorization) {
  authorization = trim(authorization);
  if (authorization.size() <= kScheme.size() || authorization[kScheme.size()] != ' ') return std::nullopt;
  if (!std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme, {}, lower)) return std::nullopt;
  return trim(authorization.substr(kScheme.size()));
}

std::optional<std::string_view> cookie_value(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view pair = trim(cookies.substr(0, end));
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return std::nullopt;
}

bool changes_nothing(Method method) {
  return method == Method::kGet || method == Method::kHead || method == Method::kOptions;
}

Principal principal_of(const accounts::Account& account, accounts::Scope scope, bool by_api_token = false) {
  return {.account_id = account.id,
          .email = account.email,
          .is_admin = account.type == accounts::AccountType::kAdmin && scope == accounts::Scope::kAdmin,
          .may_change = scope != accounts::Scope::kRead,
          .by_api_token = by_api_token};
}

// Wrong API tokens are counted by address (threats A8). Who had a good one just now is let in beside a guesser.
Result<accounts::Caller> identify(accounts::AccountService& accounts, RateLimiter& guesses,
                                  const RequestContext& context, const std::string& token) {
  if (!accounts::is_api_token(token)) return accounts.identify(token);
  const std::string address = RateLimiter::key_of_address(context.client_address);
  if (!accounts.was_good_lately(token)) TRY_VOID(guesses.check(address));
  auto caller = accounts.identify(token);
  if (!caller && caller.error().event == "AUTH_TOKEN_WAS_BROKEN") guesses.spend(address);
  return caller;
}

// The machine's owner needs no token on the server's own socket.
bool is_owner(unsigned uid) { return uid == 0 || uid == ::geteuid(); }

}  // namespace

Result<std::optional<Credential>> credential_of(const RequestContext& context) {
  std::optional<std::string_view> authorization;
  for (const auto& [name, value] : context.headers) {
    if (name != "authorization") continue;
    if (authorization) {
      return fail(Code::kUnauthenticated, "AUTH_TOKEN_WAS_BROKEN", "send one Authorization header, not several");
    }
    authorization = value;
  }
  if (authorization) {
    const auto token = bearer_token(*authorization);
    if (!token) return std::nullopt;
    return Credential{.token = std::string(*token), .from_cookie = false};
  }
  for (const auto& [name, value] : context.headers) {
    if (name != "cookie") continue;
    if (const auto token = cookie_value(value, kTokenCookie); token && !token->empty()) {
      return Credential{.token = std::string(*token), .from_cookie = true};
    }
  }
  return std::nullopt;
}

Result<void> check_same_origin(const RequestContext& context) {
  if (changes_nothing(context.method) || is_same_origin(context)) return {};
  return fail(Code::kForbidden, "CROSS_SITE_REQUEST_REFUSED",
              "a cookie alone may change something only from our own pages: send the token as Authorization: Bearer");
}

Authenticator make_authenticator(accounts::AccountService& accounts, const Clock& clock) {
  auto guesses = std::make_shared<RateLimiter>(
      clock, Rate{.burst = limits::kApiTokenGuesses, .refill_each = limits::kApiTokenGuessSeconds * kMicrosPerSecond});
  return [&accounts, guesses](const RequestContext& context, std::optional<unsigned> peer_uid) -> Result<Principal> {
    TRY(const auto credential, credential_of(context));
    if (credential) {
      if (credential->from_cookie) TRY_VOID(check_same_origin(context));
      TRY(const auto caller, identify(accounts, *guesses, context, credential->token));
      return principal_of(caller.account, caller.scope, caller.api_token_id.has_value());
    }
    if (peer_uid && is_owner(*peer_uid) && !context.header("authorization")) {
      TRY(const auto account, accounts.local_admin());
      return principal_of(account, accounts::Scope::kAdmin);
    }
    return fail(Code::kUnauthenticated, "COULD_NOT_FIND_AUTH_TOKEN",
                "sign in: send a token as `Authorization: Bearer TOKEN` (an administrator makes one with "
                "`lakelift token create EMAIL`)");
  };
}

}  // namespace lakelift::http
