// A column's distribution on one line of a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace lakelift::cli {

// "▁▃█▅▁": one block a count, as high as its share of the greatest; a count of 0 is a space.
[[nodiscard]] std::string sparkline(const std::vector<std::int64_t>& counts);
// The contract's forms: bins `[{value_min, value_max, count}]` as "▁▃█▅▁ -43 … 1301", top values `[{value, count}]` as
// "UA 17% · B6 16% · EV 16%" (shares of `rows`; where that is not known counts stand instead). Empty for null.
[[nodiscard]] std::string distribution_text(const json::value& distribution, std::optional<std::int64_t> rows);

}  // namespace lakelift::cli
