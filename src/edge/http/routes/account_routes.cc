// Accounts: the caller's own, and all of them for administrators.
#include <fmt/format.h>

#include "edge/http/routes/account_json.h"
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

template <typename Fields>
std::optional<accounts::AccountType> type_of(Fields& fields, const std::optional<std::string>& name) {
  if (!name || name->empty()) return std::nullopt;
  const auto type = accounts::account_type_of(*name);
  if (!type) fields.refuse("type", fmt::format("\"{}\" is not a valid choice.", *name));
  return type;
}

Result<Response> create_account(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  accounts::NewAccount wanted;
  wanted.email = fields.optional_text("email").value_or("");
  wanted.username = fields.optional_text("username").value_or("");
  wanted.type = type_of(fields, fields.optional_text("type")).value_or(accounts::AccountType::kResearcher);
  TRY_VOID(fields.check());
  TRY(const auto account, services.accounts.create(wanted, lakey::caller(context).id));
  return lakey::answer(201, "ACCOUNT_CREATED", detailed(account, {}));
}

Result<Response> list_accounts(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const int limit = page_limit(query, limits::kListedAccounts);
  accounts::AccountQuery wanted;
  wanted.after = page_after(query);
  wanted.limit = limit + 1;
  wanted.type = type_of(query, query.text("type"));
  wanted.is_disabled = query.boolean("disabled");
  wanted.text = query.text("q");
  wanted.name = query.text("name");
  if (wanted.text.size() > limits::kAccountSearchBytes) query.refuse("q", "This is too long.");
  TRY_VOID(query.check());
  TRY(auto found, services.accounts.list(wanted));

  json::object body{{"@type", "accounts_list"}, {"accounts", json::array()}};
  finish_page(body, context, found, limit, "after", &accounts::Account::id);
  TRY(body["accounts"], detailed(services, found));
  return lakey::answer(200, "ACCOUNTS_BULK_READ", body);
}

Result<Response> read_own_account(const Services& services, RequestContext& context) {
  TRY(const auto account, services.accounts.get(lakey::caller(context).id));
  TRY(auto body, detailed(services, account));
  body["scope"] = name_of(lakey::scope(context));
  return lakey::answer(200, "ACCOUNT_READ", body);
}

Result<Response> read_account(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, context.int_param("id"));
  TRY(const auto account, services.accounts.get(id));
  TRY(const auto body, detailed(services, account));
  return lakey::answer(200, "ACCOUNT_READ", body);
}

Result<Response> update_account(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, context.int_param("id"));
  TRY(auto fields, BodyFields::of(context));
  accounts::AccountChange change;
  change.type = type_of(fields, fields.optional_text("type"));
  change.is_disabled = fields.optional_boolean("disabled");
  change.username = fields.optional_text("username");
  change.email = fields.optional_text("email");
  TRY_VOID(fields.check());
  TRY(const auto account, services.accounts.update(id, change, lakey::caller(context).id));
  TRY(const auto body, detailed(services, account));
  return lakey::answer(200, "ACCOUNT_UPDATED", body);
}

Result<Response> delete_account(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, context.int_param("id"));
  TRY_VOID(services.accounts.remove(id, lakey::caller(context).id));
  return lakey::empty(200, "ACCOUNT_DELETED");
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
  add(Method::kGet, "/accounts/{id}", Access::kAdmin, "Read an account", read_account);
  add(Method::kPut, "/accounts/{id}", Access::kAdmin, "Update an account", update_account);
  add(Method::kDelete, "/accounts/{id}", Access::kAdmin, "Delete an account", delete_account);
}

}  // namespace lakelift::http
