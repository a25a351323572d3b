// Somebody asks to see an item that they know by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "domain/accounts/account.h"

namespace lakelift::catalogue {

enum class AccessState { kAsked, kGranted, kRefused };
[[nodiscard]] std::string_view name_of(AccessState state);  // ASKED GRANTED REFUSED
[[nodiscard]] std::optional<AccessState> access_state_of(std::string_view name);

struct AccessRequest {
  std::int64_t id = 0;
  std::int64_t account_id = 0;  // who asks
  std::string item_name;        // as it was asked for; there need not be such an item
  std::optional<std::int64_t> item_id;
  std::string note;
  AccessState state = AccessState::kAsked;
  Micros asked_at = 0;
  std::optional<std::int64_t> decided_by;
  std::optional<Micros> decided_at;
  std::optional<std::string> answer;
  std::optional<accounts::Account> asker;    // filled by the service, as is
  std::optional<accounts::Account> decider;  // this
};

// Who reads of it: who asked must not learn from it whether there is such an item until they may see it.
enum class AccessRole { kAsker, kDecider };
[[nodiscard]] std::optional<AccessRole> access_role_of(std::string_view name);  // asker decider

// {"@type": "access_request", id, item (the name), note, state, asked_at, asked_by, decided_at, answer,
// catalogue_item_id, decided_by}; the last two are null for the asker of what was not granted.
[[nodiscard]] json::object to_json(const AccessRequest& request, AccessRole role);

}  // namespace lakelift::catalogue
