// What the profile of a table gathers about one column, batch by batch, in two passes.
#pragma once

#include <arrow/array.h>

#include <memory>

#include "columnar/engine/source_table.h"
#include "table/column.h"

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
  // Fills in is_enum and distribution.
  virtual void finish(table::Column& column) const = 0;
  [[nodiscard]] double null_share() const {
    return rows_ == 0 ? 0 : static_cast<double>(nulls_) / static_cast<double>(rows_);
  }

 private:
  virtual void look(const arrow::Array& array) = 0;
  std::int64_t nulls_ = 0;
  std::int64_t rows_ = 0;
};

// `columns`: how many columns share the memory that a profile may take.
[[nodiscard]] std::unique_ptr<ColumnProfile> column_profile(table::ColumnType type, std::size_t columns);

// Cut to limits::kSampleCellBytes at a character's border, marked with an ellipsis where it was longer.
[[nodiscard]] std::string_view cut_text(std::string_view text, std::string& scratch);

}  // namespace lakelift::columnar
