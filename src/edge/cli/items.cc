#include "edge/cli/items.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace lakelift::cli {
namespace {

std::unexpected<Error> not_understood(std::string_view key) {
  return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD",
              fmt::format("the server's answer has no \"{}\" that could be used", key));
}

}  // namespace

Result<json::array> array_of(const json::object& answer, std::string_view key) {
  const json::value* value = find(answer, key);
  if (value == nullptr || !value->is_array()) return not_understood(key);
  return value->get_array();
}

Result<std::int64_t> int_of(const json::object& answer, std::string_view key) {
  const auto value = find_int(answer, key);
  if (!value) return not_understood(key);
  return *value;
}

json::object without_envelope(json::object answer) {
  answer.erase("@event");
  answer.erase("@authorizer");
  return answer;
}

Result<FoundItem> find_item(Api& api, const std::string& name_or_id) {
  const auto found = [](json::object item) -> Result<FoundItem> {
    TRY(const std::int64_t id, int_of(item, "id"));
    return FoundItem{id, find_string(item, "name").value_or(""), without_envelope(std::move(item))};
  };
  TRY(const json::object answer, api.get("/catalogue/items/?name=" + percent_encode(name_or_id)));
  TRY(const json::array items, array_of(answer, "items"));
  if (!items.empty() && items.front().is_object()) return found(items.front().get_object());
  const bool is_id = !name_or_id.empty() && name_or_id.size() <= 18 &&
                     std::ranges::all_of(name_or_id, [](char c) { return c >= '0' && c <= '9'; });
  if (is_id) {
    auto by_id = api.get("/catalogue/items/" + name_or_id);
    if (by_id) return found(*std::move(by_id));
    if (by_id.error().code != Code::kNotFound) return std::unexpected(std::move(by_id).error());
  }
  return fail(Code::kNotFound, "COULD_NOT_FIND_CATALOGUEITEM", fmt::format("no catalogue item \"{}\"", name_or_id));
}

}  // namespace lakelift::cli
