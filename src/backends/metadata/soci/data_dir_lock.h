// One process serves a data folder (threats D6).
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace lakelift::metadata {

// Held as long as this lives; gone with the process, however it ends.
class DataDirLock {
 public:
  // `holder` says who holds it, for people: it is written into DIR/lock and told to the one who is refused. Errors:
  // kConflict (another process serves this folder), kNotFound (no such folder).
  [[nodiscard]] static Result<DataDirLock> acquire(const std::string& folder, std::string_view holder);

 private:
  explicit DataDirLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

}  // namespace lakelift::metadata
