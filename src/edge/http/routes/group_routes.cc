// Groups and their members, for administrators.
#include "edge/http/routes/account_json.h"
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

Result<Response> create_group(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string name = fields.text("name");
  TRY_VOID(fields.check());
  TRY(const auto group, services.groups.create(name, lakey::caller(context).id));
  return lakey::answer(201, "GROUP_CREATED", to_json(group));
}

Result<Response> list_groups(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const int limit = page_limit(query, limits::kListedAccounts);
  const std::int64_t after = page_after(query);
  TRY_VOID(query.check());
  TRY(auto found, services.groups.list(after, limit + 1, query.text("name")));
  json::object body{{"@type", "groups_list"}, {"groups", json::array()}};
  finish_page(body, context, found, limit, "after", &accounts::Group::id);
  for (const auto& group : found) body["groups"].as_array().push_back(to_json(group));
  return lakey::answer(200, "GROUPS_BULK_READ", body);
}

Result<Response> read_group(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, context.int_param("id"));
  TRY(const auto group, services.groups.get(id));
  return lakey::answer(200, "GROUP_READ", to_json(group));
}

Result<Response> delete_group(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, context.int_param("id"));
  TRY_VOID(services.groups.remove(id, lakey::caller(context).id));
  return lakey::empty(200, "GROUP_DELETED");
}

Result<Response> list_members(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, context.int_param("id"));
  QueryFields query(context);
  const int limit = page_limit(query, limits::kListedAccounts);
  const std::int64_t after = page_after(query);
  TRY_VOID(query.check());
  TRY(auto found, services.groups.members(id, after, limit + 1));
  json::object body{{"@type", "accounts_list"}, {"accounts", json::array()}};
  finish_page(body, context, found, limit, "after", &accounts::Account::id);
  TRY(body["accounts"], detailed(services, found));
  return lakey::answer(200, "GROUP_MEMBERS_BULK_READ", body);
}

Result<Response> add_member(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, context.int_param("id"));
  TRY(const std::int64_t account_id, context.int_param("account_id"));
  TRY_VOID(services.groups.add_member(id, account_id, lakey::caller(context).id));
  return lakey::empty(200, "GROUP_MEMBER_ADDED");
}

Result<Response> remove_member(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, context.int_param("id"));
  TRY(const std::int64_t account_id, context.int_param("account_id"));
  TRY_VOID(services.groups.remove_member(id, account_id, lakey::caller(context).id));
  return lakey::empty(200, "GROUP_MEMBER_REMOVED");
}

}  // namespace

void add_group_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), Access::kAdmin, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kPost, "/accounts/groups/", "Create a group", create_group);
  add(Method::kGet, "/accounts/groups/", "List groups", list_groups);
  add(Method::kGet, "/accounts/groups/{id}", "Read a group", read_group);
  add(Method::kDelete, "/accounts/groups/{id}", "Delete a group", delete_group);
  add(Method::kGet, "/accounts/groups/{id}/members/", "List a group's members", list_members);
  add(Method::kPut, "/accounts/groups/{id}/members/{account_id}", "Add a member to a group", add_member);
  add(Method::kDelete, "/accounts/groups/{id}/members/{account_id}", "Remove a member from a group", remove_member);
}

}  // namespace lakelift::http
