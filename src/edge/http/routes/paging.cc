#include "edge/http/routes/paging.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace lakelift::http {
namespace {

constexpr int kPage = 100;

}  // namespace

int page_limit(QueryFields& query, int most) {
  return static_cast<int>(query.integer("limit", 1, most).value_or(kPage));
}

std::int64_t page_after(QueryFields& query) { return query.integer("after", 0, INT64_MAX).value_or(0); }

std::string address_with(const RequestContext& context, std::string_view name, std::int64_t value) {
  std::string out = fmt::format("{}{}?{}={}", context.base_url, context.path, name, value);
  for (const auto& [other, text] : context.query) {
    if (other != name) out += fmt::format("&{}={}", percent_encode(other), percent_encode(text));
  }
  return out;
}

}  // namespace lakelift::http
