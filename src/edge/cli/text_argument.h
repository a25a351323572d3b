// Longer texts that a command takes: as they stand, from a file, or from stdin.
#pragma once

#include <string>

#include "base/result.h"

namespace lakelift::cli {

// "@FILE" stands for the file's content, "-" for what comes on stdin; anything else is the text itself. Errors:
// kNotFound for a missing file; kInvalid above limits::kDescriptionFileBytes.
[[nodiscard]] Result<std::string> text_argument(const std::string& argument);

}  // namespace lakelift::cli
