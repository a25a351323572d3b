// The two errors that most of what speaks to S3 ends with, and codes for messages.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace lakelift::aws {

// Whoever runs the server must mend it.
[[nodiscard]] inline std::unexpected<Error> refused(std::string message) {
  return fail(Code::kForbidden, "STORAGE_REFUSED", std::move(message));
}
// It may go well later.
[[nodiscard]] inline std::unexpected<Error> away(std::string message) {
  return fail(Code::kUnavailable, "STORAGE_UNAVAILABLE", std::move(message));
}

// The vendor's code of an error, fit for a message: nothing but letters, digits, dots and hyphens, and not long.
[[nodiscard]] std::string shown_code(std::string_view code);

}  // namespace lakelift::aws
