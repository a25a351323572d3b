// The rows of the trash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/files/node_store.h"

namespace lakelift::files {

struct Trashed {
  std::int64_t id = 0;
  std::int64_t file_id = 0;  // of the file it was the content of
  std::int64_t owner_id = 0;
  FilePath path;
  Content content;
  bool was_replaced = false;
  Micros at = 0;
  std::optional<std::int64_t> by;
  Micros kept_until = 0;
};

// `rest`: what follows FROM.
[[nodiscard]] Result<std::vector<Trashed>> trashed_where(metadata::Session& session, std::string_view rest,
                                                         const metadata::Params& params);
[[nodiscard]] Result<std::optional<Trashed>> find_trashed(metadata::Session& session, std::int64_t owner_id,
                                                          std::int64_t id);
[[nodiscard]] Result<void> insert_trashed(metadata::Transaction& transaction, const Trashed& trashed);
// All files of the tree, as deleted; `terms` says who, when and until when.
[[nodiscard]] Result<void> trash_tree(metadata::Transaction& transaction, const Tree& tree, const Trashed& terms);
[[nodiscard]] Result<void> delete_trashed(metadata::Transaction& transaction, const std::vector<std::int64_t>& ids);

}  // namespace lakelift::files
