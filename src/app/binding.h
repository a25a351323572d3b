// A data folder and a database belong together: the one names what the other holds. Opened with another database, the
// folder's tables and objects would look like nobody's, and be swept.
#pragma once

#include <string>

#include "backends/metadata/database.h"
#include "base/random.h"
#include "base/result.h"

namespace lakelift::app {

// Makes them known to each other on their first meeting: the database has an id of its own (table metadata_identity),
// and the folder remembers it (DIR/database-id). Many folders may belong to one database. Errors: kConflict where the
// folder belongs to another one.
[[nodiscard]] Result<void> bind_to_database(const std::string& data_folder, metadata::Database& database,
                                            Random& random);

}  // namespace lakelift::app
