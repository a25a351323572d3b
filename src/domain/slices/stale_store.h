// Which requests are of data that are no longer there, and since when an item's data count as one version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/catalogue/catalogue_item.h"

namespace lakelift::slices::store {

// The version that a request made now is for: the engine's; with an age, of the age that goes on, or of a new one.
[[nodiscard]] Result<std::string> version_for_asking(metadata::Transaction& tx, const catalogue::CatalogueItem& item,
                                                     const std::string& engine_version, Micros now);

// Of the item's requests that are not cancelled; each once.
[[nodiscard]] Result<std::vector<std::string>> live_versions(metadata::Session& session, std::int64_t item_id);
// Marks those of the version that are not stale yet. Returns those of them that have a result.
[[nodiscard]] Result<std::vector<std::int64_t>> mark_stale(metadata::Transaction& tx, std::int64_t item_id,
                                                           const std::string& version, Micros since);
// They are of what is there again.
[[nodiscard]] Result<void> mark_fresh(metadata::Transaction& tx, std::int64_t item_id, const std::string& version);
// The run has read newer data than `asked`: the request is of those now.
[[nodiscard]] Result<void> refresh_if_moved(metadata::Transaction& tx, std::int64_t request_id,
                                            const std::string& asked);

struct Held {
  std::int64_t request_id = 0;
  std::string source_version;
  Micros created_at = 0;
};
// The item's requests that have a result and are not stale, of an id above `after`, ascending.
[[nodiscard]] Result<std::vector<Held>> held_fresh(metadata::Session& session, std::int64_t item_id, std::int64_t after,
                                                   int limit);
// False where it was stale already, or is cancelled.
[[nodiscard]] Result<bool> mark_request_stale(metadata::Transaction& tx, std::int64_t request_id, Micros since);

}  // namespace lakelift::slices::store
