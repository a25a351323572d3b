// Download requests as lists and commands show them.
#pragma once

#include "edge/cli/output.h"

namespace lakelift::cli {

[[nodiscard]] const View& requests_view();

}  // namespace lakelift::cli
