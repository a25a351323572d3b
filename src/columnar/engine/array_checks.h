// What arrays decoded from strangers' bytes must show before anything of ours looks into them.
#pragma once

#include <arrow/array.h>

#include <string_view>

#include "base/result.h"

namespace lakelift::columnar {

// Arrow's fast check, made ready on the first call. Threadsafe.
[[nodiscard]] bool is_utf8(std::string_view text);

// Strings are UTF-8 and dictionary indices lie within their dictionary. Error: kCorrupt, naming `where`.
[[nodiscard]] Result<void> check_array(const arrow::Array& array, std::string_view where);

}  // namespace lakelift::columnar
