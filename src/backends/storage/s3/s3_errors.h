// The two errors that most of what speaks to S3 ends with.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace lakelift::storage {

// Whoever runs the server must mend it.
[[nodiscard]] inline std::unexpected<Error> refused(std::string message) {
  return fail(Code::kForbidden, "STORAGE_REFUSED", std::move(message));
}
// It may go well later.
[[nodiscard]] inline std::unexpected<Error> away(std::string message) {
  return fail(Code::kUnavailable, "STORAGE_UNAVAILABLE", std::move(message));
}

}  // namespace lakelift::storage
