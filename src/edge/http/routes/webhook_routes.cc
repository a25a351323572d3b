// Addresses of a caller's own programs that are told what happens.
#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

Result<std::int64_t> webhook_id(const RequestContext& context) {
  auto id = context.int_param("id");
  if (!id) return fail(Code::kNotFound, "COULD_NOT_FIND_WEBHOOK", "no webhook has that id: ids are whole numbers");
  return id;
}

Result<Response> add_webhook(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string url = fields.text("url");
  const auto events = fields.optional_texts("events");
  const auto hears = events ? webhooks::hears_of(*events) : webhooks::Hears{};
  if (!hears) fields.refuse("events", "Some of: requests, transfers.");
  TRY_VOID(fields.check());
  TRY(const auto made, services.webhooks.add(lakey::caller(context), url, *hears));
  json::object entity = to_json(made.webhook);
  entity["secret"] = made.secret;
  return lakey::answer(201, "WEBHOOK_CREATED", entity);
}

Result<Response> list_webhooks(const Services& services, RequestContext& context) {
  TRY(const auto found, services.webhooks.list(lakey::caller(context)));
  json::array webhooks;
  for (const auto& webhook : found) webhooks.push_back(to_json(webhook));
  return lakey::answer(200, "WEBHOOKS_BULK_READ", {{"@type", "webhooks_list"}, {"webhooks", std::move(webhooks)}});
}

Result<Response> remove_webhook(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, webhook_id(context));
  TRY_VOID(services.webhooks.remove(lakey::caller(context), id));
  return lakey::empty(200, "WEBHOOK_DELETED");
}

Result<Response> test_webhook(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, webhook_id(context));
  TRY(const auto delivery, services.webhooks.test(lakey::caller(context), id));
  return lakey::answer(200, "WEBHOOK_TESTED", to_json(delivery));
}

Result<Response> list_deliveries(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, webhook_id(context));
  TRY(const auto found, services.webhooks.deliveries(lakey::caller(context), id));
  json::array deliveries;
  for (const auto& delivery : found) deliveries.push_back(to_json(delivery));
  return lakey::answer(200, "WEBHOOK_DELIVERIES_BULK_READ",
                       {{"@type", "webhook_deliveries_list"}, {"deliveries", std::move(deliveries)}});
}

}  // namespace

void add_webhook_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), Access::kAccount, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kPost, "/webhooks/", "Name an address to be told", add_webhook);
  add(Method::kGet, "/webhooks/", "List the caller's webhooks", list_webhooks);
  add(Method::kDelete, "/webhooks/{id}", "Remove a webhook", remove_webhook);
  add(Method::kPost, "/webhooks/{id}/test", "Send a test to a webhook", test_webhook);
  add(Method::kGet, "/webhooks/{id}/deliveries/", "List what a webhook was told", list_deliveries);
}

}  // namespace lakelift::http
