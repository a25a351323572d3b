// The rows of events on their way. A lease raises `attempts`, and what is written later names it: of two servers that
// both believe to hold a delivery, one writes (threats D14).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/webhooks/webhook.h"

namespace lakelift::webhooks::store {

// `leased_until`: the caller sends it itself, at once. One whose id is there already stays as it is.
[[nodiscard]] Result<void> insert(metadata::Transaction& tx, const Delivery& delivery,
                                  const std::optional<Micros>& leased_until = std::nullopt);
[[nodiscard]] Result<std::optional<Delivery>> find_delivery(metadata::Session& session, const std::string& id);
// Newest first.
[[nodiscard]] Result<std::vector<Delivery>> list_deliveries(metadata::Session& session, std::int64_t webhook_id,
                                                            int limit);

[[nodiscard]] Result<bool> any_due(metadata::Session& session, Micros now);
// The one that is due for longest, of a webhook that nobody is sending to.
[[nodiscard]] Result<std::optional<Delivery>> lease(metadata::Transaction& tx, Micros now, Micros until);
// For the only process of a database, at its start: nobody alive holds these.
[[nodiscard]] Result<void> release_all(metadata::Transaction& tx);
// What became of this attempt: state, next_at, status, error and ended_at of `delivery`. False: somebody else has it.
[[nodiscard]] Result<bool> settle(metadata::Transaction& tx, const Delivery& delivery);
// Those of the webhook that ended before `before`.
[[nodiscard]] Result<void> trim(metadata::Transaction& tx, std::int64_t webhook_id, Micros before);

}  // namespace lakelift::webhooks::store
