// Cells as the cutting of a table sees them: values in the order of filters, texts by their first kCutTextChars
// characters. Cut so, texts keep their order: a < b never becomes a > b.
#pragma once

#include <arrow/array.h>

#include <optional>
#include <string>
#include <string_view>

#include "columnar/cut_limits.h"
#include "table/value.h"

namespace lakelift::columnar {

// The first kCutTextChars code points of valid UTF-8.
[[nodiscard]] std::string_view cut_text_key(std::string_view text);
// The least text above every text that begins with `key`; nothing where there is none.
[[nodiscard]] std::optional<std::string> text_above(std::string_view key);

// value_at with a cut text; the array may be a dictionary.
[[nodiscard]] table::Value cut_value_at(const arrow::Array& array, std::int64_t row);

// Of values of one type: null is below all, NaN above all, -0 is 0.
[[nodiscard]] bool value_less(const table::Value& a, const table::Value& b);
// The border that has `value` and all above it on its right; nothing where no literal says it without also moving
// `below`, the next smaller value that there is, to the right: +infinity and NaN can't be parted.
[[nodiscard]] std::optional<table::Value> border_at(const table::Value& value, const table::Value& below);

}  // namespace lakelift::columnar
