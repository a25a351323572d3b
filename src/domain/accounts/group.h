// Accounts that are granted something together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"

namespace lakelift::accounts {

struct Group {
  std::int64_t id = 0;
  std::string name;  // unique
  std::optional<std::int64_t> created_by;
  Micros created_at = 0;
  std::int64_t members = 0;  // how many accounts are in it
};

// {"@type": "group", id, name, members, created_by, created_at}
[[nodiscard]] json::object to_json(const Group& group);

}  // namespace lakelift::accounts
