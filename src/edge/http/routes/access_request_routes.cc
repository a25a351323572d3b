// Asking to see an item, and the answers.
#include <fmt/format.h>

#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

using catalogue::AccessRole;

Result<std::int64_t> access_request_id(const RequestContext& context) {
  auto id = context.int_param("id");
  if (id) return id;
  return fail(Code::kNotFound, "COULD_NOT_FIND_ACCESSREQUEST", "no access request has that id: ids are whole numbers");
}

// The same for an item that is there and for none (threats F3).
Result<Response> ask_for_access(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string item = fields.text("item");
  const std::string note = fields.optional_text("note").value_or("");
  TRY_VOID(fields.check());
  TRY(const auto request, services.access_requests.ask(lakey::caller(context), item, note));
  return lakey::answer(202, "ACCESS_REQUEST_RECEIVED", to_json(request, AccessRole::kAsker));
}

// What `name` says in the words of `choice`; nothing where it is not there.
template <typename T>
std::optional<T> choice_of(const QueryFields& query, std::string_view name,
                           std::optional<T> (*choice)(std::string_view), std::string_view words, FieldErrors& errors) {
  const std::string text = query.text(name);
  if (text.empty()) return std::nullopt;
  auto value = choice(text);
  if (!value) errors.add(name, fmt::format("Expected one of {}.", words));
  return value;
}

Result<Response> list_access_requests(const Services& services, RequestContext& context) {
  QueryFields query(context);
  FieldErrors errors;
  catalogue::AccessListing listing;
  listing.role =
      choice_of(query, "role", catalogue::access_role_of, "asker, decider", errors).value_or(AccessRole::kAsker);
  listing.state = choice_of(query, "state", catalogue::access_state_of, "ASKED, GRANTED, REFUSED", errors);
  const PageQuery page = read_page(query);
  TRY_VOID(errors.check("QUERY_DID_NOT_VALIDATE"));
  TRY_VOID(query.check());
  listing.before = page.before;
  listing.limit = page.limit;
  TRY(const auto found, services.access_requests.list(lakey::caller(context), listing));
  json::array requests;
  for (const auto& request : found.requests) requests.push_back(to_json(request, listing.role));
  json::object answer{{"@type", "access_requests_list"}, {"access_requests", std::move(requests)}};
  add_next(answer, context, found.next);
  return lakey::answer(200, "ACCESS_REQUESTS_BULK_READ", answer);
}

Result<Response> decide_access_request(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, access_request_id(context));
  TRY(auto fields, BodyFields::of(context));
  const std::string decision = fields.text("decision");
  const auto answer = fields.optional_text("answer");
  TRY_VOID(fields.check());
  if (decision != "GRANT" && decision != "REFUSE") fields.refuse("decision", "Expected one of GRANT, REFUSE.");
  TRY_VOID(fields.check());
  TRY(const auto request, services.access_requests.decide(lakey::caller(context), id, decision == "GRANT", answer));
  return lakey::answer(200, "ACCESS_REQUEST_DECIDED", to_json(request, AccessRole::kDecider));
}

Result<Response> withdraw_access_request(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, access_request_id(context));
  TRY_VOID(services.access_requests.withdraw(lakey::caller(context), id));
  return lakey::empty(200, "ACCESS_REQUEST_DELETED");
}

}  // namespace

void add_access_request_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), Access::kAccount, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kPost, "/catalogue/access_requests/", "Ask to see a catalogue item", ask_for_access);
  add(Method::kGet, "/catalogue/access_requests/", "List access requests", list_access_requests);
  add(Method::kPut, "/catalogue/access_requests/{id}", "Decide an access request", decide_access_request);
  add(Method::kDelete, "/catalogue/access_requests/{id}", "Withdraw an access request", withdraw_access_request);
}

}  // namespace lakelift::http
