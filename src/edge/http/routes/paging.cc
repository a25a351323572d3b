#include "edge/http/routes/paging.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::http {

int page_limit(QueryFields& query, int most) {
  return static_cast<int>(query.integer("limit", 1, most).value_or(limits::kPageEntries));
}

std::int64_t page_after(QueryFields& query) { return query.integer("after", 0, INT64_MAX).value_or(0); }

PageQuery read_page(QueryFields& query) {
  PageQuery page;
  page.before = query.integer("before", 0, INT64_MAX);
  page.limit = page_limit(query, limits::kPageEntriesMost);
  return page;
}

std::string address_with(const RequestContext& context, std::string_view name, std::string_view value) {
  std::string out = fmt::format("{}{}?{}={}", context.base_url, context.path, name, percent_encode(value));
  for (const auto& [other, text] : context.query) {
    if (other != name) out += fmt::format("&{}={}", percent_encode(other), percent_encode(text));
  }
  return out;
}

std::string address_with(const RequestContext& context, std::string_view name, std::int64_t value) {
  return address_with(context, name, std::to_string(value));
}

void add_next(json::object& body, const RequestContext& context, std::optional<std::int64_t> next,
              std::string_view name) {
  body["next"] = next ? json::value(*next) : json::value(nullptr);
  body["next_url"] = next ? json::value(address_with(context, name, *next)) : json::value(nullptr);
}

void add_next_text(json::object& body, const RequestContext& context, const std::optional<std::string>& next) {
  body["next"] = next ? json::value(json::string(*next)) : json::value(nullptr);
  body["next_url"] = next ? json::value(json::string(address_with(context, "next", *next))) : json::value(nullptr);
}

}  // namespace lakelift::http
