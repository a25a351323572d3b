// Tokens: JWTs that administrators hand out, and named API tokens that everybody makes for themselves.
#include <fmt/format.h>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

std::unexpected<Error> another_account() {
  return fail(Code::kForbidden, "ACCESS_DENIED", "only an administrator may do this for another account");
}

bool is_admin(const RequestContext& context) { return lakey::scope(context) == accounts::Scope::kAdmin; }

// What leaks from a program must not make itself successors that outlive it, nor end the others.
Result<void> check_signed_in(const RequestContext& context) {
  if (!context.principal || !context.principal->by_api_token || is_admin(context)) return {};
  return fail(Code::kForbidden, "ACCESS_DENIED",
              "an API token makes and ends no tokens, unless its scope is \"admin\": sign in for that");
}

// {email} alone: what existing clients send.
Result<Response> create_jwt(const Services& services, RequestContext& context, const std::string& email) {
  if (!is_admin(context)) return another_account();
  TRY(const auto account, services.accounts.find_by_email(email));
  TRY(const auto issued, services.accounts.issue_token(account, lakey::caller(context).id));
  return lakey::answer(201, "AUTH_TOKEN_CREATED",
                       {{"@type", "auth_token"}, {"token", issued.token}, {"expires_at", iso8601(issued.expires_at)}});
}

void read_expiry(BodyFields& fields, accounts::NewApiToken& wanted, Micros now) {
  wanted.never_expires = fields.is_null("expires_at");
  const auto at = fields.optional_text("expires_at");
  const auto seconds = fields.optional_integer("expires_in_seconds");
  if ((at || wanted.never_expires) && seconds) {
    fields.refuse("expires_in_seconds", "Say either expires_at or expires_in_seconds.");
  }
  if (at) {
    wanted.expires_at = time_of(*at);
    if (!wanted.expires_at) fields.refuse("expires_at", kNotTime);
  }
  if (!seconds) return;
  if (*seconds < 1 || *seconds > limits::kApiTokenMaxSeconds) {
    fields.refuse("expires_in_seconds", fmt::format("Between 1 and {} (a year).", limits::kApiTokenMaxSeconds));
  } else {
    wanted.expires_at = now + *seconds * kMicrosPerSecond;
  }
}

Result<accounts::NewApiToken> read_wanted(BodyFields& fields, Micros now) {
  accounts::NewApiToken wanted;
  wanted.name = fields.text("name");
  if (const auto name = fields.optional_text("scope")) {
    const auto scope = accounts::scope_of(*name);
    if (!scope) fields.refuse("scope", fmt::format("\"{}\" is not a valid choice: read, write, admin.", *name));
    wanted.scope = scope.value_or(accounts::Scope::kRead);
  }
  read_expiry(fields, wanted, now);
  TRY_VOID(fields.check());
  return wanted;
}

Result<Response> create_token(const Services& services, RequestContext& context) {
  TRY_VOID(check_signed_in(context));
  TRY(auto fields, BodyFields::of(context));
  const auto email = fields.optional_text("email");
  if (email && !fields.optional_text("name")) {
    TRY_VOID(fields.check());
    return create_jwt(services, context, *email);
  }
  TRY(const auto wanted, read_wanted(fields, services.clock.now()));
  const accounts::Account caller = lakey::caller(context);
  std::int64_t owner_id = caller.id;
  if (email) {
    if (!is_admin(context)) return another_account();
    TRY(const auto owner, services.accounts.find_by_email(*email));
    owner_id = owner.id;
  }
  TRY(const auto issued, services.api_tokens.create(owner_id, wanted, caller, lakey::scope(context)));
  json::object body = to_json(issued.token);
  body["token"] = issued.text;
  return lakey::answer(201, "API_TOKEN_CREATED", body);
}

Result<Response> list_tokens(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const int limit = page_limit(query, limits::kListedAccounts);
  const std::int64_t after = page_after(query);
  const std::int64_t own = lakey::caller(context).id;
  const std::int64_t account_id = query.integer("account_id", 0, INT64_MAX).value_or(own);
  TRY_VOID(query.check());
  if (account_id != own) {
    if (!is_admin(context)) return another_account();
    TRY_VOID(services.accounts.get(account_id));
  }
  TRY(auto found, services.api_tokens.list(account_id, after, limit + 1));
  json::object body{{"@type", "api_tokens_list"}, {"tokens", json::array()}};
  finish_page(body, context, found, limit, "after", &accounts::ApiToken::id);
  for (const auto& token : found) body["tokens"].as_array().push_back(to_json(token));
  return lakey::answer(200, "API_TOKENS_BULK_READ", body);
}

Result<Response> delete_token(const Services& services, RequestContext& context) {
  TRY_VOID(check_signed_in(context));
  TRY(const std::int64_t id, context.int_param("id"));
  TRY_VOID(services.api_tokens.remove(id, lakey::caller(context)));
  return lakey::empty(200, "API_TOKEN_DELETED");
}

// A token that opens nothing (any more) needs no revoking: the answer is the same, so that nobody learns from it what a
// token was (RFC 7009, 2.2).
Result<Response> revoke_token(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string token = fields.text("token");
  TRY_VOID(fields.check());
  TRY(const auto owner, services.accounts.owner_of_token(token));
  if (owner && *owner != lakey::caller(context).id && !is_admin(context)) {
    return fail(Code::kForbidden, "ACCESS_DENIED", "only an administrator may revoke the token of another account");
  }
  if (owner) TRY_VOID(services.accounts.revoke_token(token, lakey::caller(context).id));
  return lakey::empty(200, "AUTH_TOKEN_REVOKED");
}

}  // namespace

void add_token_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), Access::kAccount, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kPost, "/accounts/tokens/", "Create a token", create_token);
  add(Method::kGet, "/accounts/tokens/", "List API tokens", list_tokens);
  add(Method::kDelete, "/accounts/tokens/{id}", "Delete an API token", delete_token);
  add(Method::kPost, "/accounts/tokens/revoke/", "Revoke a token", revoke_token);
}

}  // namespace lakelift::http
