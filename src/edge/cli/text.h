// Text on a terminal: how wide it is, what of it is safe to print, numbers as people read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lakelift::cli {

// Columns that the text takes: 2 for wide characters, 0 for combining ones. Bytes that are no UTF-8 count 1 each.
[[nodiscard]] std::size_t display_width(std::string_view text);
// One line without anything that could steer a terminal: control characters, bidirectional overrides and broken UTF-8
// become "\n",
// "\x1b", "\u202e" and the like. What others wrote (names, descriptions, cells) goes to a terminal only through this.
[[nodiscard]] std::string printable(std::string_view text);
// At most `width` columns, the last an ellipsis where something was cut.
[[nodiscard]] std::string clip(std::string_view text, std::size_t width);
// Filled with spaces up to `width` columns.
[[nodiscard]] std::string pad(std::string_view text, std::size_t width, bool right_aligned = false);

// "0 B", "980 B", "12.3 MB": powers of 1000.
[[nodiscard]] std::string human_bytes(std::int64_t bytes);
// "3,181,006"
[[nodiscard]] std::string human_count(std::int64_t count);
// "0:07", "12:34", "1:02:03"
[[nodiscard]] std::string human_seconds(std::int64_t seconds);

}  // namespace lakelift::cli
