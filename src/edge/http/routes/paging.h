// Lists of entries, newest first, a page at a time: ?before=&limit= in, next and next_url out (null on the last page).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "edge/http/request_context.h"
#include "edge/http/routes/body_fields.h"

namespace lakelift::http {

struct PageQuery {
  std::optional<std::int64_t> before;
  int limit = 0;
};

// Wrong values are noted in `query`: check() it.
[[nodiscard]] PageQuery read_page(QueryFields& query);

// Adds next and next_url to an answer. The address is the call's own, with what else it asked for.
void add_next(json::object& answer, const RequestContext& context, std::optional<std::int64_t> next);

}  // namespace lakelift::http
