// A token that comes on stdin: it never stands in argv, where every user of the machine could read it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::cli {

// Without the white space around it. `example`: the command as it would be right, for whoever sits at a terminal.
// Error: kInvalid for a terminal, for nothing and for too much.
[[nodiscard]] Result<std::string> token_from_stdin(std::string_view example);

}  // namespace lakelift::cli
