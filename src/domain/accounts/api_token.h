// Named tokens for programs: shown once, kept as a hash, with a scope and an expiry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "domain/accounts/account.h"

namespace lakelift::accounts {

struct ApiToken {
  std::int64_t id = 0;
  std::int64_t account_id = 0;
  std::string name;  // unique among the account's
  Scope scope = Scope::kRead;
  std::optional<std::int64_t> created_by;
  Micros created_at = 0;
  std::optional<Micros> expires_at;    // nothing: never
  std::optional<Micros> last_used_at;  // to the minute
};

// {"@type": "api_token", id, account_id, name, scope, created_by, created_at, expires_at, last_used_at}
[[nodiscard]] json::object to_json(const ApiToken& token);

// "lakelift_", 32 random bytes in base64url (43 characters), and 6 characters that follow from them.
[[nodiscard]] std::string new_api_token_text(Random& random);
// Whether the text means to be one; what begins so is never a JWT.
[[nodiscard]] bool is_api_token(std::string_view text);
// A typo is found out without asking the database.
[[nodiscard]] bool is_whole_api_token(std::string_view text);

}  // namespace lakelift::accounts
