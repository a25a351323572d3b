// The API's own documentation: /openapi.json and Swagger UI at /docs, all from this program (no CDN).
#include "edge/http/routes/assets.h"
#include "edge/http/routes/docs_assets.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

// Scripts and styles from our own files only; the style sheet has its icons as data: addresses.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

void add_docs_routes(RouteTable& routes) {
  const Asset assets[] = {
      {"/openapi.json", "application/json", "This API as an OpenAPI document", docs_assets::openapi_json},
      {"/docs", "text/html; charset=utf-8", "This API as a page", docs_assets::index_html},
      {"/docs/assets/start.js", "text/javascript; charset=utf-8", "Starts the page at /docs", docs_assets::start_js},
      {"/docs/assets/swagger-ui.css", "text/css; charset=utf-8", "Style sheet of /docs", docs_assets::swagger_ui_css},
      {"/docs/assets/swagger-ui-bundle.js", "text/javascript; charset=utf-8", "Swagger UI",
       docs_assets::swagger_ui_bundle_js},
  };
  for (const Asset& asset : assets) routes.add(asset_route(asset, kPolicy));

  routes.add(lakey::route(Method::kGet, "/", Access::kPublic, "Leads to /docs", [](RequestContext&) {
    Response response = Response::text(302, "text/plain; charset=utf-8", "see /docs\n");
    response.headers.emplace_back("Location", "/docs");
    return response;
  }));
}

}  // namespace lakelift::http
