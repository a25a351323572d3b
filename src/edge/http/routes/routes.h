// The routes of the contracts and our own; one file a noun and dialect.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "domain/accounts/account_service.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/slices/slice_service.h"
#include "edge/http/feed.h"
#include "edge/http/http_server.h"
#include "edge/http/route_table.h"

namespace lakelift::http {

struct Services {
  accounts::AccountService& accounts;
  catalogue::CatalogueService& catalogue;
  slices::SliceService& slices;
  const accounts::KeyRing& keys;
  Metrics& metrics;
  const Clock& clock;
  std::function<Result<void>()> ready;  // for /readyz: database, storage; an error while draining
  int uri_wait_ms = limits::kUriWaitMs;
};

void add_account_routes(RouteTable& routes, const Services& services);
void add_catalogue_routes(RouteTable& routes, const Services& services);
void add_download_request_routes(RouteTable& routes, const Services& services);
void add_data_routes(RouteTable& routes, const Services& services);  // signed addresses
void add_operations_routes(RouteTable& routes, const Services& services);  // /livez /readyz /metrics
void add_docs_routes(RouteTable& routes);  // /docs /openapi.json

[[nodiscard]] Authenticator make_authenticator(const Services& services);
[[nodiscard]] FeedFetch make_feed_fetch(const Services& services);
// {"@event", "@type": "error", errors?, "@authorizer"?, message, request_id}
[[nodiscard]] Response render_lakey_error(const Error& error, const RequestContext& context);
[[nodiscard]] int status_of(Code code);

}  // namespace lakelift::http
