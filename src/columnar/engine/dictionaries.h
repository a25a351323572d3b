// The dictionaries of several arrays made one, with only the entries that are used.
#pragma once

#include <arrow/chunked_array.h>

#include <vector>

#include "columnar/engine/gather.h"

namespace lakelift::columnar {

// All arrays as pieces of one column: where every one is a dictionary array, they come to share one dictionary in the
// order of first use (so that a writer takes it over as it stands); where some are not, or the entries are nearly as
// many as the rows, all come without.
[[nodiscard]] Result<std::vector<ArrayPtr>> merge_dictionaries(std::vector<ArrayPtr> arrays);

}  // namespace lakelift::columnar
