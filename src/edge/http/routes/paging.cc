#include "edge/http/routes/paging.h"

#include <cstdint>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::http {

PageQuery read_page(QueryFields& query) {
  PageQuery page;
  page.before = query.integer("before", 0, INT64_MAX);
  page.limit = static_cast<int>(query.integer("limit", 1, limits::kPageEntriesMost).value_or(limits::kPageEntries));
  return page;
}

void add_next(json::object& answer, const RequestContext& context, std::optional<std::int64_t> next) {
  answer["next"] = next ? json::value(*next) : json::value(nullptr);
  answer["next_url"] = nullptr;
  if (!next) return;
  std::string url = context.base_url + context.path + "?before=" + std::to_string(*next);
  for (const auto& [name, value] : context.query) {
    if (name != "before" && !value.empty()) url += "&" + percent_encode(name) + "=" + percent_encode(value);
  }
  answer["next_url"] = url;
}

}  // namespace lakelift::http
