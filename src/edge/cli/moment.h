// Moments as people write them.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace lakelift::cli {

// "7d" is so long ago; anything else goes to the server as it is. Error: kInvalid.
[[nodiscard]] Result<std::string> moment_of(const std::string& text, const Clock& clock);

}  // namespace lakelift::cli
