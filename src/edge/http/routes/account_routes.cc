// Accounts and their tokens.
#include <fmt/format.h>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

constexpr std::int64_t kPageAccounts = 100;
constexpr std::int64_t kPageAccountsMost = 1'000;

Result<Response> create_account(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string email = fields.text("email");
  const std::string type_name = fields.optional_text("type").value_or("RESEARCHER");
  const auto type = accounts::account_type_of(type_name);
  if (!type) fields.refuse("type", fmt::format("\"{}\" is not a valid choice.", type_name));
  TRY_VOID(fields.check());
  TRY(const auto account, services.accounts.create(email, *type, lakey::caller(context).id));
  return lakey::answer(201, "ACCOUNT_CREATED", to_json(account));
}

Result<Response> list_accounts(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const std::int64_t after = query.integer("after", 0, INT64_MAX).value_or(0);
  const std::int64_t limit = query.integer("limit", 1, kPageAccountsMost).value_or(kPageAccounts);
  TRY_VOID(query.check());
  TRY(auto found, services.accounts.list(after, static_cast<int>(limit) + 1));  // one more: is there a next page?

  json::value next = nullptr;
  json::value next_url = nullptr;
  if (found.size() > static_cast<std::size_t>(limit)) {
    found.resize(static_cast<std::size_t>(limit));
    const std::int64_t last = found.back().id;
    next = last;
    next_url = json::string(fmt::format("{}/accounts/?after={}&limit={}", context.base_url, last, limit));
  }
  json::array list;
  for (const auto& account : found) list.push_back(to_json(account));
  return lakey::answer(
      200, "ACCOUNTS_BULK_READ",
      {{"@type", "accounts_list"}, {"accounts", std::move(list)}, {"next", next}, {"next_url", next_url}});
}

Result<Response> read_own_account(const Services& services, RequestContext& context) {
  TRY(const auto account, services.accounts.get(lakey::caller(context).id));
  return lakey::answer(200, "ACCOUNT_READ", to_json(account));
}

Result<Response> create_token(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string email = fields.text("email");
  TRY_VOID(fields.check());
  TRY(const auto account, services.accounts.find_by_email(email));
  TRY(const auto issued, services.accounts.issue_token(account, lakey::caller(context).id));
  return lakey::answer(201, "AUTH_TOKEN_CREATED",
                       {{"@type", "auth_token"}, {"token", issued.token}, {"expires_at", iso8601(issued.expires_at)}});
}

// A token that opens nothing (any more) needs no revoking: the answer is the same, so that nobody learns from it what a
// token was (RFC 7009, 2.2).
Result<Response> revoke_token(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string token = fields.text("token");
  TRY_VOID(fields.check());
  const accounts::Account caller = lakey::caller(context);
  const auto owner = services.accounts.authenticate(token);
  if (!owner && owner.error().code != Code::kUnauthenticated) return std::unexpected(owner.error());
  if (owner && owner->id != caller.id && caller.type != accounts::AccountType::kAdmin) {
    return fail(Code::kForbidden, "ACCESS_DENIED", "only an administrator may revoke the token of another account");
  }
  if (owner) TRY_VOID(services.accounts.revoke_token(token, caller.id));
  return lakey::empty(200, "AUTH_TOKEN_REVOKED");
}

}  // namespace

void add_account_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, Access access, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), access, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kPost, "/accounts/", Access::kAdmin, "Create an account", create_account);
  add(Method::kGet, "/accounts/", Access::kAdmin, "List accounts", list_accounts);
  add(Method::kGet, "/accounts/me", Access::kAccount, "Read the caller's account", read_own_account);
  add(Method::kPost, "/accounts/tokens/", Access::kAdmin, "Create a token for an account", create_token);
  add(Method::kPost, "/accounts/tokens/revoke/", Access::kAccount, "Revoke a token", revoke_token);
}

}  // namespace lakelift::http
