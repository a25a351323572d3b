// Which database this is, whatever its address.
#pragma once

#include <string>

#include "backends/metadata/database.h"
#include "base/random.h"

namespace lakelift::metadata {

// 128 random bits as hex, made at the first call and kept in the database (table metadata_identity); a copy of it has
// the same.
[[nodiscard]] Result<std::string> identity_of(Database& database, Random& random);

}  // namespace lakelift::metadata
