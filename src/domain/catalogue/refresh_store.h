// The SQL of when items are looked at by the server itself: profile_due_at and profile_failures of catalogue_items.
#pragma once

#include <cstdint>
#include <optional>

#include "backends/metadata/database.h"
#include "base/clock.h"

namespace lakelift::catalogue {

// An item that is held until `until`: who holds it looks at its data.
struct RefreshClaim {
  std::int64_t item_id = 0;
  std::int64_t failures = 0;  // before, in a row
  Micros until = 0;
};

// The item is looked at from `due` on; failures begin anew.
[[nodiscard]] Result<void> schedule_refresh(metadata::Transaction& transaction, std::int64_t item_id, Micros due);
// Is there any?
[[nodiscard]] Result<bool> has_due(metadata::Session& session, Micros now);
// The item that is due for longest, held for the caller; nothing where none is due.
[[nodiscard]] Result<std::optional<RefreshClaim>> claim_due(metadata::Transaction& transaction, Micros now,
                                                            Micros until);
// Gives the item back: due again at `due`. Does nothing where it is no longer held by this claim.
[[nodiscard]] Result<void> settle_claim(metadata::Transaction& transaction, const RefreshClaim& claim, Micros due,
                                        std::int64_t failures);
// Whatever is due later than `latest` is due now: where no other server can hold an item, and after a change of the
// interval.
[[nodiscard]] Result<void> release_claims(metadata::Transaction& transaction, Micros now, Micros latest);

}  // namespace lakelift::catalogue
