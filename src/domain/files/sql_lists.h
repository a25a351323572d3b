// Lists in SQL.
#pragma once

#include <bit>
#include <cstddef>
#include <string>
#include <vector>

#include "backends/metadata/database.h"

namespace lakelift::files {

inline constexpr std::size_t kValuesInList = 256;  // of one statement, where there may be many

// "(?, ?, …)" for these values, which are added to `params`. The last is repeated up to a power of two, so that there
// are few statements to prepare; an empty list holds what no row has.
template <typename T>
[[nodiscard]] std::string list_of(const std::vector<T>& values, metadata::Params& params) {
  const std::size_t count = std::bit_ceil(std::max<std::size_t>(values.size(), 1));
  std::string sql = "(";
  for (std::size_t i = 0; i < count; ++i) {
    sql += i == 0 ? "?" : ", ?";
    if (values.empty()) {
      params.emplace_back(std::nullopt);
    } else {
      params.emplace_back(values[std::min(i, values.size() - 1)]);
    }
  }
  return sql + ")";
}

}  // namespace lakelift::files
