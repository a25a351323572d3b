// Catalogue items as files that people read and change: YAML or JSON, in the same layout for the same value, so that
// files can be compared line by line.
#pragma once

#include <string>

#include "base/json.h"

namespace lakelift::cli {

// Block style; short maps of single values on one line; texts of several lines as they are. Texts that some YAML could
// take for something else (numbers, dates, yes) stand in quotes, and numbers keep their type: read_yaml(to_yaml(value))
// is value again. Ends with a line end.
[[nodiscard]] std::string to_yaml(const json::value& value);
// Indented by two spaces. Ends with a line end.
[[nodiscard]] std::string to_pretty_json(const json::value& value);

}  // namespace lakelift::cli
