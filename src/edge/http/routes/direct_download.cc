#include "edge/http/routes/direct_download.h"

#include <algorithm>
#include <array>

#include "edge/http/content_plan.h"
#include "edge/http/routes/lakey.h"

namespace lakelift::http {
namespace {

constexpr std::array<std::string_view, 6> kOurs = {"if-match",          "if-none-match",       "if-range",
                                                   "if-modified-since", "if-unmodified-since", "want-repr-digest"};

bool asks_us(const RequestContext& context) {
  return std::ranges::any_of(context.headers,
                             [](const auto& header) { return std::ranges::find(kOurs, header.first) != kOurs.end(); });
}

}  // namespace

Result<std::optional<Response>> direct_download(const Services& services, const RequestContext& context,
                                                const objects::Reference& object, const std::string& content_type,
                                                const std::string& file_name) {
  if (services.direct_download_seconds == 0 || context.method != Method::kGet || object.size_bytes == 0) {
    return std::nullopt;
  }
  if (asks_us(context)) return std::nullopt;
  TRY(auto address, services.keeper.signed_address(
                        object, {content_type, content_disposition(file_name), services.direct_download_seconds}));
  if (!address) return std::nullopt;
  Response response = lakey::empty(307, "DIRECT_DOWNLOAD");
  response.headers.emplace_back("Location", *std::move(address));
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace lakelift::http
