// A random part of a table's rows, by which the borders between its chunks are chosen.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "columnar/engine/scan.h"

namespace lakelift::columnar {

// From the smallest to the largest number that was seen of a column, in all samples of a cut; infinities are left out.
struct CutScale {
  long double low = std::numeric_limits<long double>::infinity();
  long double high = -std::numeric_limits<long double>::infinity();
};

class CutSample {
 public:
  using Rows = std::vector<std::uint32_t>;  // of the sample
  struct Split {
    std::size_t column;
    table::Value border;
    Rows left;  // neither is empty
    Rows right;
  };

  // `scales`, one a column, are widened and must outlive this.
  CutSample(std::vector<table::ColumnType> types, std::vector<CutScale>& scales);
  // cells[i]: where row i of the batch belongs.
  void add(const Batch& batch, std::span<const std::uint32_t> cells);
  // After the last add(), before the rest.
  void finish();

  [[nodiscard]] std::size_t size() const { return cells_.size(); }
  // By cell; those without a row are left out.
  [[nodiscard]] std::map<std::uint32_t, Rows> by_cell() const;
  [[nodiscard]] const table::Value& value(std::uint32_t row, std::size_t column) const {
    return columns_[column].distinct[columns_[column].codes[row]];
  }
  // Along the column in which the rows vary most, in half as far as equal values let it; along another one where all
  // values there are the same. Nothing where the rows can't be told apart.
  [[nodiscard]] std::optional<Split> split(const Rows& rows) const;

 private:
  struct Column {
    table::ColumnType type;
    std::vector<table::Value> values;    // by row, until finish()
    std::vector<table::Value> distinct;  // ascending
    std::vector<std::uint32_t> codes;    // by row: place in `distinct`
    std::vector<double> places;          // by code, in [0, 1]: what is compared between columns
  };

  void encode(Column& column) const;
  static void place_numbers(Column& column, CutScale& scale);
  static void place_by_rank(Column& column);
  [[nodiscard]] static double variance(const Column& column, const Rows& rows);
  [[nodiscard]] static std::optional<std::uint32_t> middle(const Column& column, const Rows& rows,
                                                           table::Value& border);

  std::vector<Column> columns_;
  std::vector<CutScale>& scales_;
  std::vector<std::uint32_t> cells_;  // by row
};

}  // namespace lakelift::columnar
