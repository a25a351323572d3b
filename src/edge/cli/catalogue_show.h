// A catalogue item as a page of a terminal.
#pragma once

#include <string>

#include "base/json.h"
#include "edge/cli/output.h"

namespace lakelift::cli {

// Head, description, columns with type, size and distribution, sample. `item`: the contract's form.
[[nodiscard]] std::string show_item(const json::object& item, const Output& output);
// The columns of an item's spec, for CSV.
[[nodiscard]] const View& columns_view();

}  // namespace lakelift::cli
