// The database in a PostgreSQL server (13 or newer), for any number of processes. Writers are serialised, over all of
// them, by an advisory lock (docs/decisions/0004).
#pragma once

#include <memory>
#include <string>

#include "backends/metadata/database.h"

namespace lakelift::metadata {

// Connects, and looks whether the database is one that we can use; the schema is the first of its search path. The
// server may go away later and come back: calls answer kUnavailable meanwhile. A write whose COMMIT got no answer is
// kUnavailable too and says that its outcome is not known (threats D8). Errors: kInvalid for an address that is none,
// and for a database that is not in UTF-8 or has no such schema; kUnavailable where it cannot be reached, with the
// reason.
[[nodiscard]] Result<std::unique_ptr<Database>> open_postgresql(const std::string& address);

}  // namespace lakelift::metadata
