// What waiters do with their requests: name them, ask again on newer data, have a receipt.
#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/download_request_answer.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

// Missing: left as it is; null: taken away.
std::optional<std::optional<std::string>> change_of(BodyFields& fields, std::string_view name) {
  if (fields.is_null(name)) return std::optional<std::string>();
  auto text = fields.optional_text(name);
  if (!text) return std::nullopt;
  return std::optional(std::move(text));
}

Result<Response> label_request(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, request_id_of(context));
  TRY(auto fields, BodyFields::of(context));
  const slices::store::LabelChange change{change_of(fields, "name"), change_of(fields, "note")};
  TRY_VOID(fields.check());
  TRY(const auto request, services.slices.label(lakey::caller(context), id, change));
  return request_answer(services, context, 200, "DOWNLOADREQUEST_UPDATED", request);
}

Result<Response> repeat_request(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, request_id_of(context));
  TRY(const auto asked, services.slices.repeat(lakey::caller(context), id));
  if (asked.created) return request_answer(services, context, 201, "DOWNLOADREQUEST_CREATED", asked.request);
  return request_answer(services, context, 200, "DOWNLOADREQUEST_READ", asked.request);
}

Result<Response> read_receipt(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, request_id_of(context));
  TRY(const auto facts, services.slices.receipt_facts(lakey::caller(context), id));
  TRY(const auto receipt, slices::sign_receipt(slices::receipt_of(facts, context.base_url), services.keys));
  return lakey::answer(200, "RECEIPT_READ", receipt);
}

}  // namespace

void add_waiting_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), Access::kAccount, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kPatch, "/downloader/requests/{id}", "Name a download request, and note something of it", label_request);
  add(Method::kPost, "/downloader/requests/{id}/repeat", "Ask for the same slice of the data as they are now",
      repeat_request);
  add(Method::kGet, "/downloader/requests/{id}/receipt", "Read the receipt of a finished slice", read_receipt);
  routes.add(lakey::route(Method::kGet, "/receipts/key", Access::kPublic,
                          "Read the keys that receipts are checked with",
                          [services](RequestContext&) -> Result<Response> {
                            return lakey::answer(200, "RECEIPT_KEYS_READ", slices::receipt_keys(services.keys));
                          }));
}

}  // namespace lakelift::http
