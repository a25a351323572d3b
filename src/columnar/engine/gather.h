// Picks rows out of arrays. Small loops of our own instead of arrow::compute, whose library is as large as the rest.
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace lakelift::columnar {

using ArrayPtr = std::shared_ptr<arrow::Array>;

// The positions whose mask byte is 1.
void positions_of(std::span<const std::uint8_t> mask, std::vector<std::int32_t>& positions);

// The rows at `positions` (ascending, within the array). Dictionaries are shared, not rebuilt; so are the buffers
// behind string views. Throws std::bad_alloc.
[[nodiscard]] Result<ArrayPtr> gather(const ArrayPtr& array, std::span<const std::int32_t> positions);

}  // namespace lakelift::columnar
