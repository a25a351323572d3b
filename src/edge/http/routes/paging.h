// Keyset paging (conventions 31): a page ends with `next` and `next_url`, both null on the last. Lists in order of id
// go on with ?after=, lists of entries, newest first, with ?before=.
//
//   QueryFields query(context);
//   const int limit = page_limit(query, limits::kListedAccounts);
//   …  TRY(auto found, service.list(after, limit + 1));                  // one more: is there a next page?
//   finish_page(body, context, found, limit, "after", &accounts::Account::id);
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "edge/http/request_context.h"
#include "edge/http/routes/body_fields.h"

namespace lakelift::http {

// ?limit=, limits::kPageEntries unless it says otherwise. Wrong values are noted in `query`: check() it.
[[nodiscard]] int page_limit(QueryFields& query, int most);
// ?after=, 0 unless it says otherwise.
[[nodiscard]] std::int64_t page_after(QueryFields& query);

struct PageQuery {
  std::optional<std::int64_t> before;
  int limit = 0;
};
// ?before= and ?limit=.
[[nodiscard]] PageQuery read_page(QueryFields& query);

// The address that was asked for, with `name` set to `value` and everything else as it was.
[[nodiscard]] std::string address_with(const RequestContext& context, std::string_view name, std::string_view value);
[[nodiscard]] std::string address_with(const RequestContext& context, std::string_view name, std::int64_t value);

// Adds next, the value of `name` for the next page, and next_url.
void add_next(json::object& body, const RequestContext& context, std::optional<std::int64_t> next,
              std::string_view name = "before");
// Of lists whose pages begin at a text that only the service reads.
void add_next_text(json::object& body, const RequestContext& context, const std::optional<std::string>& next);

// Cuts `found` to the limit and adds next and next_url to the body; `key_of` the last one is where the next page
// begins.
template <typename T, typename Key>
void finish_page(json::object& body, const RequestContext& context, std::vector<T>& found, int limit,
                 std::string_view name, Key key_of) {
  if (found.size() <= static_cast<std::size_t>(limit)) return add_next(body, context, std::nullopt, name);
  found.resize(static_cast<std::size_t>(limit));
  add_next(body, context, std::invoke(key_of, found.back()), name);
}

}  // namespace lakelift::http
