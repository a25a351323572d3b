// Catalogue items as commands name them: by name or id.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "edge/cli/api.h"

namespace lakelift::cli {

struct FoundItem {
  std::int64_t id = 0;
  std::string name;
  json::object item;
};

// The item of exactly this name, else, for digits, the one with this id. Error: kNotFound COULD_NOT_FIND_CATALOGUEITEM.
[[nodiscard]] Result<FoundItem> find_item(Api& api, const std::string& name_or_id);

// The array under `key`. Error: kInternal ANSWER_NOT_UNDERSTOOD.
[[nodiscard]] Result<json::array> array_of(const json::object& answer, std::string_view key);
[[nodiscard]] Result<std::int64_t> int_of(const json::object& answer, std::string_view key);
// Without the envelope's @event and @authorizer.
[[nodiscard]] json::object without_envelope(json::object answer);

}  // namespace lakelift::cli
