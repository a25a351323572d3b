// What the caller should hear of.
#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

Result<Response> list_notices(const Services& services, RequestContext& context) {
  const accounts::Account caller = lakey::caller(context);
  QueryFields query(context);
  const PageQuery page = read_page(query);
  const bool unread_only = query.boolean("unread").value_or(false);
  TRY_VOID(query.check());
  // One more: is there a next page?
  TRY(auto found,
      services.notices.list(caller, {.before = page.before, .unread_only = unread_only, .limit = page.limit + 1}));
  TRY(const std::int64_t unread, services.notices.count_unread(caller));
  std::optional<std::int64_t> next;
  if (found.size() > static_cast<std::size_t>(page.limit)) {
    found.resize(static_cast<std::size_t>(page.limit));
    next = found.back().id;
  }
  json::array notices;
  for (const auto& notice : found) notices.push_back(to_json(notice));
  json::object answer{{"@type", "notices_list"}, {"notices", std::move(notices)}, {"unread", unread}};
  add_next(answer, context, next);
  return lakey::answer(200, "NOTICES_BULK_READ", answer);
}

Result<Response> mark_notice(const Services& services, RequestContext& context) {
  const auto id = context.int_param("id");
  if (!id) return fail(Code::kNotFound, "COULD_NOT_FIND_NOTICE", "no notice has that id: ids are whole numbers");
  TRY(const auto notice, services.notices.mark_read(lakey::caller(context), *id));
  return lakey::answer(200, "NOTICE_UPDATED", to_json(notice));
}

Result<Response> mark_notices(const Services& services, RequestContext& context) {
  const accounts::Account caller = lakey::caller(context);
  TRY(auto fields, BodyFields::of(context));
  const std::int64_t up_to = fields.integer("up_to");
  TRY_VOID(fields.check());
  TRY(const std::int64_t marked, services.notices.mark_all_read(caller, up_to));
  TRY(const std::int64_t unread, services.notices.count_unread(caller));
  return lakey::answer(200, "NOTICES_UPDATED", {{"@type", "notices_marked"}, {"marked", marked}, {"unread", unread}});
}

Result<Response> watch_notices(const Services& services, RequestContext& context) {
  Response response;
  response.body = EventStream{.topic = lakey::caller(context).id, .feed = services.notice_feed};
  return response;
}

FeedUpdate update_of(const notices::Standing& standing) {
  json::object data{{"unread", standing.unread}, {"newest", nullptr}};
  if (standing.newest) data["newest"] = to_json(*standing.newest);
  return {.topic = standing.account_id, .is_final = false, .data = to_text(data)};
}

}  // namespace

FeedFetch make_notice_fetch(notices::NoticeService& notices) {
  return [&notices](const std::vector<std::int64_t>& account_ids) {
    std::vector<FeedUpdate> updates;
    // Topics that are not answered end: accounts that are gone or disabled; and all while the database is away, then
    // those who listen come back.
    const auto standing = notices.standing(account_ids);
    if (!standing) return updates;
    for (const auto& one : *standing) updates.push_back(update_of(one));
    return updates;
  };
}

void add_notice_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), Access::kAccount, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kGet, "/notices/", "List the caller's notices", list_notices);
  add(Method::kPut, "/notices/{id}/read", "Mark a notice as read", mark_notice);
  add(Method::kPost, "/notices/read/", "Mark notices as read", mark_notices);
  add(Method::kGet, "/notices/events", "Watch the caller's notices", watch_notices);
}

}  // namespace lakelift::http
