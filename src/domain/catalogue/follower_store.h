// The SQL of catalogue_followers: who hears of an item's changes.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "backends/metadata/database.h"
#include "base/clock.h"

namespace lakelift::catalogue {

// Fine when it is so already.
[[nodiscard]] Result<void> insert_follower(metadata::Transaction& transaction, std::int64_t item_id,
                                           std::int64_t account_id, Micros since);
[[nodiscard]] Result<void> delete_follower(metadata::Transaction& transaction, std::int64_t item_id,
                                           std::int64_t account_id);
[[nodiscard]] Result<void> delete_followers_of(metadata::Transaction& transaction, std::int64_t item_id);
[[nodiscard]] Result<void> delete_follows_of(metadata::Transaction& transaction, std::int64_t account_id);
// Ascending.
[[nodiscard]] Result<std::vector<std::int64_t>> followers_of(metadata::Session& session, std::int64_t item_id);
[[nodiscard]] Result<bool> is_following(metadata::Session& session, std::int64_t item_id, std::int64_t account_id);
[[nodiscard]] Result<std::int64_t> count_followed_by(metadata::Session& session, std::int64_t account_id);
[[nodiscard]] Result<std::set<std::int64_t>> followed_by(metadata::Session& session, std::int64_t account_id);

}  // namespace lakelift::catalogue
