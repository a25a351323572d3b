// Between which values all cells of a row group lie, as its statistics have it.
#pragma once

#include <arrow/type_fwd.h>
#include <parquet/statistics.h>

#include <optional>
#include <string_view>

#include "columnar/engine/predicate.h"

namespace lakelift::columnar {

template <typename T>
struct Bounds {
  T low;
  T high;  // >= low
};

// Of the cells that are neither null nor NaN; `id`: the stored type. Nothing where there are none, or of an unexpected
// physical type. Bounds of texts may have been cut short by the writer: they are bounds all the same.
[[nodiscard]] std::optional<Bounds<Wide>> whole_bounds(const parquet::Statistics& statistics, arrow::Type::type id);
[[nodiscard]] std::optional<Bounds<double>> float_bounds(const parquet::Statistics& statistics, arrow::Type::type id);
// Valid as long as the statistics.
[[nodiscard]] std::optional<Bounds<std::string_view>> text_bounds(const parquet::Statistics& statistics);

}  // namespace lakelift::columnar
