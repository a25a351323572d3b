// Schema changes: numbered a folder, applied once, in order, each in its own transaction under a lock.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"

namespace lakelift::metadata {

// Statements are separated by a line that holds `;;`. `${id}` stands for an integer primary key that counts up,
// in the words of the dialect; TEXT compares by bytes on every database. Never edited once released: a change is a new
// number.
struct Migration {
  std::string_view folder;  // the owner and the prefix of its tables: "accounts"
  int number;               // 1, 2, … without gaps
  std::string_view sql;
};

// Brings the schema up to date. Errors: kConflict where the database was written by a newer version of the program, or
// where numbers have gaps.
[[nodiscard]] Result<void> migrate(Database& database, std::span<const Migration> migrations);

}  // namespace lakelift::metadata
