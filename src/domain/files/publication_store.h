// The rows of files that are published as tables.
#pragma once

#include <cstdint>
#include <optional>

#include "backends/metadata/database.h"
#include "domain/files/file_service.h"

namespace lakelift::files {

[[nodiscard]] Result<std::optional<Publication>> find_publication(metadata::Session& session, std::int64_t file_id);
// False where the file or the item is published already.
[[nodiscard]] Result<bool> insert_publication_row(metadata::Transaction& transaction, const Publication& publication);
// Its table and made_from.
[[nodiscard]] Result<void> update_publication_row(metadata::Transaction& transaction, const Publication& publication);
[[nodiscard]] Result<void> delete_publication_row(metadata::Transaction& transaction, std::int64_t file_id);
[[nodiscard]] Result<std::optional<std::int64_t>> file_of_item(metadata::Session& session, std::int64_t item_id);

}  // namespace lakelift::files
