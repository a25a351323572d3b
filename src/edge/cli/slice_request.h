// From what a person typed to the request that the API takes.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "table/column.h"

namespace lakelift::cli {

struct SliceWords {
  std::vector<std::string> columns;  // empty: all
  std::vector<std::string> where;    // comparisons that all hold
  double ratio = 1;
};

// The `spec` of the contract. Errors: kInvalid that names the column, operator or value and what would do.
[[nodiscard]] Result<json::object> slice_spec(const SliceWords& words, const table::Columns& columns,
                                              const std::string& item_name);

// parquet csv arrow jsonl, by the extension of a file's name; empty for another.
[[nodiscard]] std::string format_of_path(const std::string& path);
// What a slice is called where no file was named: the item's name without "/" and leading dots, and the format.
[[nodiscard]] std::string default_file_name(const std::string& item_name, const std::string& format);
// The known name that is nearest, at most a third of its letters away; empty: none is.
[[nodiscard]] std::string nearest(const std::string& name, const std::vector<std::string>& known);

}  // namespace lakelift::cli
