// What lies in each cell of a cut, column by column: in a first pass minima, maxima and nulls, in a second one the
// distributions of numbers.
#pragma once

#include <arrow/array.h>

#include <memory>
#include <optional>
#include <span>

#include "columnar/engine/source_table.h"

namespace lakelift::columnar {

// One column, all cells.
class CellFigures {
 public:
  virtual ~CellFigures() = default;
  // The cell, new or not, knows nothing.
  virtual void reset(std::size_t cell) = 0;
  // First pass; cells[i]: that of row i.
  [[nodiscard]] virtual Result<void> add(const arrow::Array& array, std::span<const std::uint32_t> cells) = 0;
  // After it. Of the values that are not null, texts cut to their keys (cut_value.h); null where there is none.
  [[nodiscard]] virtual table::Value minimum(std::size_t cell) const = 0;
  [[nodiscard]] virtual table::Value maximum(std::size_t cell) const = 0;
  [[nodiscard]] virtual std::int64_t nulls(std::size_t cell) const = 0;
  // Between the passes: does this column need the second one?
  [[nodiscard]] virtual bool start_second_pass() = 0;
  virtual void add_again(const arrow::Array& array, std::span<const std::uint32_t> cells) = 0;
  // All but the name.
  [[nodiscard]] virtual CutColumn finish(std::size_t cell) const = 0;
};

[[nodiscard]] std::unique_ptr<CellFigures> cell_figures(table::ColumnType type);

// Borders by which rows of a cell are parted, none of the parts being empty, ascending: around `often`, a value that is
// there (or null). None where the cell's values can't be told apart.
[[nodiscard]] std::vector<table::Value> certain_borders(const CellFigures& figures, std::size_t cell,
                                                        const table::Value& often);

}  // namespace lakelift::columnar
