// The same rows in fewer boxes: what an engine is asked for has to be short.
#pragma once

#include "table/region.h"

namespace lakelift::table {

// Boxes that are neighbours in one column and equal in all others become one. Takes disjoint boxes, as cuts have them;
// the boxes that come out are disjoint too.
[[nodiscard]] Region merged(Region region);

}  // namespace lakelift::table
