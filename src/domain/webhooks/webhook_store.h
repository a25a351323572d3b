// The rows of webhooks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/webhooks/webhook.h"

namespace lakelift::webhooks::store {

// The new id.
[[nodiscard]] Result<std::int64_t> insert(metadata::Transaction& tx, const Webhook& webhook);
[[nodiscard]] Result<std::optional<Webhook>> find(metadata::Session& session, std::int64_t id);
// Oldest first.
[[nodiscard]] Result<std::vector<Webhook>> list(metadata::Session& session, std::int64_t account_id);
// Accounts with a webhook that hears transfers.
[[nodiscard]] Result<std::vector<std::int64_t>> who_hears_transfers(metadata::Session& session);
// With the deliveries to it. False where the account has no such webhook.
[[nodiscard]] Result<bool> remove(metadata::Transaction& tx, std::int64_t account_id, std::int64_t id);
[[nodiscard]] Result<void> remove_all(metadata::Transaction& tx, std::int64_t account_id);
// How the last attempt went: `error` nothing: the receiver took the event at `now`.
[[nodiscard]] Result<void> note(metadata::Transaction& tx, std::int64_t id, Micros now,
                                const std::optional<std::string>& error);

}  // namespace lakelift::webhooks::store
