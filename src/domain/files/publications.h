// Turned-round edge: a file that is published as a table tells whoever published it what becomes of it. app implements
// this, and connects it with FileService::set_publications.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "backends/metadata/database.h"
#include "base/result.h"
#include "domain/files/file.h"

namespace lakelift::files {

// Who may read a file besides its owner and administrators.
struct Readers {
  std::set<std::int64_t> accounts;
  std::set<std::int64_t> groups;
};

// All in the transaction of the change; an error takes it back. `actor`: who changes.
class Publications {
 public:
  virtual ~Publications() = default;
  // Grants on the file or a folder above it have changed, or it was moved.
  [[nodiscard]] virtual Result<void> readers_changed(metadata::Transaction& transaction, std::int64_t item_id,
                                                     const Readers& readers, std::int64_t actor) = 0;
  // The file was deleted, or went to another owner: the item goes, and so do those who wait for slices of it.
  [[nodiscard]] virtual Result<void> withdrawn(metadata::Transaction& transaction, std::int64_t item_id,
                                               std::optional<std::int64_t> actor) = 0;
};

}  // namespace lakelift::files
