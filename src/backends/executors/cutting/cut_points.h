// Cutting a table into boxes by points that stand for its rows: partitions with their counts, or a sample. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "table/region.h"

namespace lakelift::executors {

struct CutPoint {
  table::Row values;  // one a column
  double rows = 1;    // that it stands for
};

struct CutBox {
  table::Box box;
  double rows = 0;
  std::vector<CutPoint> points;
};

// Boxes of at most `most_rows` rows each, where the points can be told apart, at most `most_boxes`; disjoint, and every
// row whatever lies in one. The column with the largest spread of its values' ranks is cut first, at its median; nulls
// lie on the lower side, NaN on the upper; a border is a finite value. `columns`: the points' names of columns.
// `within`: what all of it lies in.
[[nodiscard]] std::vector<CutBox> cut_points(std::vector<CutPoint> points, const std::vector<std::string>& columns,
                                             double most_rows, std::size_t most_boxes, const table::Box& within = {});

}  // namespace lakelift::executors
