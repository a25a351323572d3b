// Accounts and groups as commands name them, and what deleting one asks first.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "edge/cli/api.h"
#include "edge/cli/output.h"

namespace lakelift::cli {

// The account with exactly this email or username, else, for digits, the one with this id. Error: kNotFound
// COULD_NOT_FIND_ACCOUNT.
[[nodiscard]] Result<json::object> find_account(Api& api, const std::string& who);
// The same of a group, by name or id. Error: kNotFound COULD_NOT_FIND_GROUP.
[[nodiscard]] Result<json::object> find_group(Api& api, const std::string& name_or_id);

[[nodiscard]] const View& accounts_view();

// All pages of a list: `path` with its query, but without the keyset's `after`.
[[nodiscard]] Result<json::array> every_page(Api& api, const std::string& path, const std::string& key);

// Asks on a terminal, unless `yes`. Errors: kInvalid without a terminal, with the flag to pass; kCancelled where the
// answer is no.
[[nodiscard]] Result<void> confirm(const std::string& question, bool yes);

// "90d", "12h", "30m", "45s", "2w" as seconds. Error: kInvalid.
[[nodiscard]] Result<std::int64_t> parse_span_seconds(std::string_view text);

}  // namespace lakelift::cli
