// A catalogue item as a page of a terminal.
#pragma once

#include <string>

#include "base/json.h"
#include "edge/cli/output.h"

namespace lakelift::cli {

// Head, description, columns with their figures and a small histogram, how far the figures can be believed, sample.
// `item`: the contract's form.
[[nodiscard]] std::string show_item(const json::object& item, const Output& output);
// The columns of an item's spec, each with the main ones of its figures.
[[nodiscard]] json::array columns_with_figures(const json::object& item);
// These, for CSV.
[[nodiscard]] const View& columns_view();

}  // namespace lakelift::cli
