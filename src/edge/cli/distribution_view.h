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
// The counts of `[{…, count}]` as a sparkline.
[[nodiscard]] std::string histogram_text(const json::array& bins);
// Top values `[{value, count}]` as "UA 17% · B6 16% · EV 16%" (shares of `rows`; where that is not known counts stand
// instead).
[[nodiscard]] std::string values_text(const json::array& values, std::optional<std::int64_t> rows);
// The contract's distribution of a column whose figures are not known: for numbers the edges of bins, as
// "▁▃█▅▁ from -43 to 1301"; else top values. Empty for null.
[[nodiscard]] std::string distribution_text(const json::value& distribution, bool is_number,
                                            std::optional<std::int64_t> rows);
// A figure: numbers with at most six digits that count, texts cut, "" for null.
[[nodiscard]] std::string figure_text(const json::value* value);

}  // namespace lakelift::cli
