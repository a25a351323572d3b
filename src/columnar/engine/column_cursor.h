// A column of one row group, taken in pieces of any length: from a stream, or from arrays that a filter decoded before.
#pragma once

#include <deque>
#include <optional>

#include "columnar/engine/gather.h"
#include "columnar/engine/parquet_source.h"

namespace lakelift::columnar {

class ColumnCursor {
 public:
  explicit ColumnCursor(ColumnStream stream) : stream_(std::move(stream)), where_(stream_->where()) {}
  ColumnCursor(std::deque<ArrayPtr> decoded, std::string where)
      : decoded_(std::move(decoded)), where_(std::move(where)) {}

  // Rows that can be taken at once; 0 at the end.
  [[nodiscard]] Result<std::int64_t> available();
  // 0 < rows <= available()
  [[nodiscard]] ArrayPtr take(std::int64_t rows);
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  std::optional<ColumnStream> stream_;
  std::deque<ArrayPtr> decoded_;
  std::string where_;
  ArrayPtr current_;
  std::int64_t offset_ = 0;
};

}  // namespace lakelift::columnar
