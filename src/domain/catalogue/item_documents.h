// The SQL of catalogue_documents: what search knows of each item, written in the transaction of the change, numbered,
// so that the index of every server that shares the database hears of it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/catalogue/search_index.h"

namespace lakelift::catalogue {

// Writes the item's document anew from its rows as the transaction has them now. To be called after every change of an
// item, its tags, visibility or readers. Nothing happens for an item that is not there.
[[nodiscard]] Result<void> touch(metadata::Transaction& transaction, std::int64_t item_id);
// The item is gone: its row says so from now on.
[[nodiscard]] Result<void> forget(metadata::Transaction& transaction, std::int64_t item_id);

struct DocumentChange {
  std::int64_t item_id = 0;
  std::int64_t revision = 0;
  std::optional<SearchDocument> document;  // nothing: the item is gone
};

// Those with a revision above `after`, in order of revision, at most `most`.
[[nodiscard]] Result<std::vector<DocumentChange>> changes_after(metadata::Session& session, std::int64_t after,
                                                                std::size_t most);
// Items with an id above `after` that have no document (a database of an older version), in order of id.
[[nodiscard]] Result<std::vector<std::int64_t>> items_without_document(metadata::Session& session, std::int64_t after,
                                                                       std::size_t most);

}  // namespace lakelift::catalogue
