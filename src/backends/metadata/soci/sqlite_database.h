// The database in one file, for one process. Rules that keep clear of a fault in SQLite 3.7.0 to 3.51.2 (two
// connections that write or checkpoint at once can corrupt a WAL file): the data folder is locked (data_dir_lock.h),
// one connection writes and checkpoints, all others are `query_only` and close before it.
#pragma once

#include <memory>
#include <string>

#include "backends/metadata/database.h"

namespace lakelift::metadata {

// Opens or makes the file (mode 0600), in WAL mode, every commit fsynced. The caller holds the folder's lock. Once the
// disk has failed to take a commit, every further write is refused with kUnavailable until the program starts anew
// (threats D4). Errors: kInvalid for a path with `"`, kCorrupt for a file that is no database, kUnavailable.
[[nodiscard]] Result<std::unique_ptr<Database>> open_sqlite(const std::string& path);

}  // namespace lakelift::metadata
