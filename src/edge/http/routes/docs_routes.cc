// The API's own documentation: /openapi.json and Swagger UI at /docs, all from this program (no CDN).
#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "base/encoding.h"
#include "edge/http/routes/docs_assets.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

// Scripts and styles from our own files only; the style sheet has its icons as data: addresses.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Bytes that are part of the program.
class EmbeddedBytes final : public RandomAccess {
 public:
  explicit EmbeddedBytes(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return bytes_.size(); }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= bytes_.size()) return 0;
    const std::size_t count = std::min<std::size_t>(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
  }

 private:
  std::string_view bytes_;
};

struct Asset {
  std::string path;
  std::string content_type;
  std::string summary;
  std::string_view (*bytes)();
};

Route asset_route(const Asset& asset) {
  // Hashed when first asked for: until then the bytes need no memory.
  struct Ready {
    std::once_flag once;
    std::string sha256;
  };
  auto ready = std::make_shared<Ready>();
  return lakey::route(Method::kGet, asset.path, Access::kPublic, asset.summary,
                      [ready, content_type = asset.content_type, bytes = asset.bytes](RequestContext&) {
                        std::call_once(ready->once, [&] { ready->sha256 = sha256_hex(bytes()); });
                        Response response = Response::content({.bytes = std::make_shared<EmbeddedBytes>(bytes()),
                                                               .content_type = content_type,
                                                               .sha256 = ready->sha256,
                                                               .file_name = {}});
                        response.headers.emplace_back("Cache-Control", "no-cache");  // revalidated by its ETag
                        response.headers.emplace_back("Content-Security-Policy", std::string(kPolicy));
                        return response;
                      });
}

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
  for (const Asset& asset : assets) routes.add(asset_route(asset));

  routes.add(lakey::route(Method::kGet, "/", Access::kPublic, "Leads to /docs", [](RequestContext&) {
    Response response = Response::text(302, "text/plain; charset=utf-8", "see /docs\n");
    response.headers.emplace_back("Location", "/docs");
    return response;
  }));
}

}  // namespace lakelift::http
