// Cells of CSV made into arrays of the types that were found for their columns.
#pragma once

#include <arrow/array/builder_base.h>

#include <memory>
#include <string_view>

#include "columnar/engine/csv_types.h"
#include "columnar/engine/gather.h"

namespace lakelift::columnar {

class CsvColumn {
 public:
  virtual ~CsvColumn() = default;
  virtual void append_null() = 0;
  // A text that the type's guess has seen. Throws parquet::ParquetStatusException when memory runs out.
  virtual void append(std::string_view text) = 0;
  // What was appended since the last call.
  [[nodiscard]] virtual Result<ArrayPtr> finish() = 0;
};
[[nodiscard]] std::unique_ptr<CsvColumn> csv_column(const TypePtr& type);

}  // namespace lakelift::columnar
