// What of an item depends on who looks: the readers that it may know, whether it follows.
#pragma once

#include <vector>

#include "backends/metadata/database.h"
#include "domain/catalogue/item_store.h"

namespace lakelift::catalogue {

// Fills known_readers, item.reader_groups and item.is_followed of rows that the reader may see.
[[nodiscard]] Result<void> show_to(metadata::Session& session, const Reader& reader, std::vector<ItemRow>& rows);

}  // namespace lakelift::catalogue
