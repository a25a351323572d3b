// Keyset paging (conventions 31): a page ends with `next` and `next_url`, both null on the last.
//
//   QueryFields query(context);
//   const int limit = page_limit(query, limits::kListedAccounts);
//   …  TRY(auto found, service.list(after, limit + 1));                  // one more: is there a next page?
//   finish_page(body, context, found, limit, "after", &accounts::Account::id);
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "edge/http/request_context.h"
#include "edge/http/routes/body_fields.h"

namespace lakelift::http {

// ?limit=, 100 unless it says otherwise.
[[nodiscard]] int page_limit(QueryFields& query, int most);
// ?after=, 0 unless it says otherwise.
[[nodiscard]] std::int64_t page_after(QueryFields& query);

// The address that was asked for, with `name` set to `value` and everything else as it was.
[[nodiscard]] std::string address_with(const RequestContext& context, std::string_view name, std::int64_t value);

// Cuts `found` to the limit and adds next and next_url to the body; `key_of` the last one is where the next page
// begins.
template <typename T, typename Key>
void finish_page(json::object& body, const RequestContext& context, std::vector<T>& found, int limit,
                 std::string_view name, Key key_of) {
  body["next"] = nullptr;
  body["next_url"] = nullptr;
  if (found.size() <= static_cast<std::size_t>(limit)) return;
  found.resize(static_cast<std::size_t>(limit));
  const std::int64_t last = std::invoke(key_of, found.back());
  body["next"] = last;
  body["next_url"] = address_with(context, name, last);
}

}  // namespace lakelift::http
