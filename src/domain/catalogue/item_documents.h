// What search knows of an item (catalogue_documents), kept in step with the item: both are called in the transaction
// that changes the item, its tags or its readers.
#pragma once

#include <cstdint>

#include "backends/metadata/database.h"
#include "domain/catalogue/item_store.h"

namespace lakelift::catalogue::documents {

// The item is new or has changed.
[[nodiscard]] Result<void> touch(metadata::Transaction& transaction, const ItemRow& row);
// The item is gone.
[[nodiscard]] Result<void> forget(metadata::Transaction& transaction, std::int64_t item_id);

}  // namespace lakelift::catalogue::documents
