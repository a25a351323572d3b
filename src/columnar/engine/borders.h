// The borders between ranges of one column: where a cell lies among them is one small number, its slot, so that many
// ranges of a column cost one search a cell.
//
//   borders 3 and 5:   null → 0 · below 3 → 1 · 3 and 4 → 2 · 5 and above → 3
#pragma once

#include <arrow/array.h>
#include <parquet/statistics.h>

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "columnar/engine/predicate.h"
#include "columnar/engine/source_table.h"

namespace lakelift::columnar {

class Borders {
 public:
  using Slot = std::uint32_t;
  static constexpr Slot kNull = 0;
  struct Span {
    Slot first;
    Slot last;
  };

  // In any order, repeats too. Error: kInvalid where one is no literal of the column's contract type.
  [[nodiscard]] static Result<Borders> of(const std::vector<table::Value>& literals, const SourceColumn& column);

  [[nodiscard]] std::size_t slots() const { return count() + 2; }
  // Cells in the order of filters; a border's own slot is the first of the cells that are at least it.
  [[nodiscard]] Slot slot_of(const table::Value& value) const;
  // out[i]: of row i. The array is of the column's contract type, in any stored type, or a dictionary of it.
  void slots_of(const arrow::Array& array, std::span<Slot> out) const;
  // Where all cells of a row group lie that are not null; `stored`: the type in the file. Null statistics say nothing.
  [[nodiscard]] Span span_of(const parquet::Statistics* statistics, const arrow::DataType& stored) const;

 private:
  using Texts = std::vector<std::string>;
  // Moments by their nanoseconds, so that units do not matter.
  using Sorted = std::variant<std::vector<Wide>, std::vector<double>, Texts>;
  explicit Borders(Sorted sorted) : sorted_(std::move(sorted)) {}
  [[nodiscard]] std::size_t count() const;
  void dictionary_slots(const arrow::DictionaryArray& array, std::span<Slot> out) const;

  Sorted sorted_;
};

}  // namespace lakelift::columnar
