// What those who run the server ask: is it alive, may it get traffic, how does it do.
#include <fmt/format.h>

#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr std::string_view kMetricsText = "text/plain; version=0.0.4; charset=utf-8";

Response ready(const Services& services, const RequestContext& context) {
  const Result<void> state = services.ready();
  const bool verbose = context.query_value("verbose").has_value();
  if (state) return Response::text(200, std::string(kPlainText), verbose ? "[+] ready ok\n" : "ok\n");
  std::string text = "not ready\n";
  if (verbose) text = fmt::format("[-] ready failed: {}\n", state.error().message);
  Response response = Response::text(503, std::string(kPlainText), std::move(text));
  response.headers.emplace_back("Retry-After", "2");
  return response;
}

}  // namespace

void add_operations_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](std::string pattern, std::string summary, lakey::Fallible work) {
    routes.add(lakey::route(Method::kGet, std::move(pattern), Access::kPublic, std::move(summary), std::move(work)));
  };
  Route live = lakey::route(Method::kGet, "/livez", Access::kPublic, "Is the process alive?",
                            [](RequestContext&) { return Response::text(200, std::string(kPlainText), "ok\n"); });
  live.cheap = true;  // answered even while every worker thread is busy (threats D15)
  routes.add(std::move(live));
  add("/readyz", "May the server get traffic?",
      [services](RequestContext& context) { return ready(services, context); });
  add("/metrics", "Counters in Prometheus' text format", [services](RequestContext&) {
    return Response::text(200, std::string(kMetricsText), services.metrics.render());
  });
}

void add_all_routes(RouteTable& routes, const Services& services) {
  add_account_routes(routes, services);
  add_group_routes(routes, services);
  add_token_routes(routes, services);
  add_key_routes(routes, services);
  add_audit_routes(routes, services);
  add_sign_in_routes(routes, services);
  add_device_routes(routes, services);
  add_catalogue_routes(routes, services);
  add_sharing_routes(routes, services);
  add_access_request_routes(routes, services);
  add_notice_routes(routes, services);
  add_download_request_routes(routes, services);
  add_waiting_routes(routes, services);
  add_webhook_routes(routes, services);
  add_data_routes(routes, services);
  add_file_reading_routes(routes, services);
  add_file_writing_routes(routes, services);
  add_file_action_routes(routes, services);
  add_file_keeping_routes(routes, services);
  add_liftbit_routes(routes, services);
  add_chunk_routes(routes, services);
  add_storage_routes(routes, services);
  add_budget_routes(routes, services);
  add_spending_routes(routes, services);
  add_analytics_routes(routes, services);
  add_operations_routes(routes, services);
  add_docs_routes(routes);
}

}  // namespace lakelift::http
