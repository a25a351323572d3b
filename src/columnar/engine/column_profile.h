// What the profile of a table gathers about one column, batch by batch, in two passes.
#pragma once

#include <arrow/array.h>

#include <memory>

#include "columnar/engine/source_table.h"
#include "table/column_statistics.h"

namespace lakelift::columnar {

// A STRING column with at most so many different values is an enum.
inline constexpr std::size_t kEnumValues = 50;

class ColumnProfile {
 public:
  virtual ~ColumnProfile() = default;
  void add(const arrow::Array& array) {
    nulls_ += array.null_count();
    rows_ += array.length();
    look(array);
  }
  // Between the passes: does this column need the second one?
  [[nodiscard]] virtual bool start_second_pass() = 0;
  virtual void add_again(const arrow::Array& array) = 0;
  // Fills in the column's is_enum and distribution, and all figures but name, type and is_partial.
  void finish(table::Column& column, table::ColumnStatistics& figures) const {
    figures.nulls = nulls_;
    figures.null_share = null_share();
    fill(column, figures);
  }
  [[nodiscard]] double null_share() const {
    return rows_ == 0 ? 0 : static_cast<double>(nulls_) / static_cast<double>(rows_);
  }

 private:
  virtual void look(const arrow::Array& array) = 0;
  virtual void fill(table::Column& column, table::ColumnStatistics& figures) const = 0;
  std::int64_t nulls_ = 0;
  std::int64_t rows_ = 0;
};

// `columns`: how many columns share the memory that a profile may take.
[[nodiscard]] std::unique_ptr<ColumnProfile> column_profile(table::ColumnType type, std::size_t columns);

// How many different values a column's tally may hold.
[[nodiscard]] std::size_t tally_capacity(std::size_t columns);

// Cut to limits::kSampleCellBytes at a character's border, marked with an ellipsis where it was longer.
[[nodiscard]] std::string_view cut_text(std::string_view text, std::string& scratch);

template <typename Visit>
void for_each_valid(const arrow::Array& array, Visit visit) {
  const bool nulls = array.null_count() != 0;
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (!nulls || array.IsValid(row)) visit(row);
  }
}

}  // namespace lakelift::columnar
