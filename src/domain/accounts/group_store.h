// The rows of groups and of who is in them.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/metadata/database.h"

namespace lakelift::accounts {

// The groups that the account is in, ascending.
[[nodiscard]] Result<std::vector<std::int64_t>> group_ids_of(metadata::Session& session, std::int64_t account_id);

}  // namespace lakelift::accounts
