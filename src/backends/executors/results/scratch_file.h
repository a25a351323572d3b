// A file without a name: it is gone with its last descriptor, whatever happens to this process.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace lakelift::executors {

// In the folder, to be read and written. Errors: kNoSpace; kInternal.
[[nodiscard]] Result<UniqueFd> open_scratch_file(const std::string& folder);
// The same bytes with a position of its own, for reading alone.
[[nodiscard]] Result<UniqueFd> reopened(const UniqueFd& file);

}  // namespace lakelift::executors
