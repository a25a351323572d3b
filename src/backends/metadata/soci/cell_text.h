// Cells as PostgreSQL writes and reads them.
#pragma once

#include <string>
#include <string_view>

#include "backends/metadata/database.h"

namespace lakelift::metadata {

// Doubles with as many digits as bring back the same one. NULL: empty; it travels beside the text.
[[nodiscard]] std::string to_text(const Cell& cell);

// Truth values (`t`, `f`) are 1 and 0 where a number is asked for. Errors: kInternal where the text is no such value,
// a fault of the statement.
[[nodiscard]] Result<Cell> from_text(CellKind kind, std::string_view text);

}  // namespace lakelift::metadata
