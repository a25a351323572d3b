// A JSON-like document that knows the line where each of its values stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace lakelift::cli {

struct Located {
  enum class Kind { kScalar, kList, kMap };

  Kind kind = Kind::kScalar;
  int line = 1;                                          // from 1
  json::value scalar;                                    // null, a boolean, a number or a text
  std::vector<Located> list;                             // of a list
  std::vector<std::pair<std::string, Located>> members;  // of a map, in the order of the file
};

// The same without lines.
[[nodiscard]] json::value to_json(const Located& located);

// The value of this key; null where `map` is no map or has no such key.
[[nodiscard]] const Located* member_of(const Located& map, std::string_view key);

// The line of the value at a path such as "spec.0.type"; where it ends in the air (a field that is missing), the line
// of what holds it. Keys may have dots in them: the longest key that fits is taken.
[[nodiscard]] int line_of(const Located& root, std::string_view path);

}  // namespace lakelift::cli
