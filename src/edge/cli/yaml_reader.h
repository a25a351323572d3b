// YAML and JSON files, as values that know their lines. JSON is read as the YAML that it is, so that both have lines.
//
//   TRY(const std::vector<Located> documents, read_yaml(text));
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/cli/located.h"

namespace lakelift::cli {

// Each document of the text that is not empty. What unquoted words mean: yaml_scalar.h; quoted ones are texts; keys
// are always texts; anchors, aliases and merge keys (<<) are resolved. Error: kInvalid YAML_NOT_VALID, with one field
// whose name is the line and whose text is what is wrong there: broken syntax, bytes that are no UTF-8, a key that is
// twice in one map, an unknown tag, more depth, values or bytes than cli_limits.h allows.
[[nodiscard]] Result<std::vector<Located>> read_yaml(std::string_view text);

// The line of such an error; 1 for any other.
[[nodiscard]] int line_of_error(const Error& error);

}  // namespace lakelift::cli
