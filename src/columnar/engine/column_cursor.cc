#include "columnar/engine/column_cursor.h"

namespace lakelift::columnar {

Result<std::int64_t> ColumnCursor::available() {
  if (current_ == nullptr || offset_ == current_->length()) {
    offset_ = 0;
    current_ = nullptr;
    if (!decoded_.empty()) {
      current_ = std::move(decoded_.front());
      decoded_.pop_front();
    } else if (stream_) {
      TRY(current_, stream_->next());
    }
  }
  return current_ == nullptr ? 0 : current_->length() - offset_;
}

ArrayPtr ColumnCursor::take(std::int64_t rows) {
  const std::int64_t from = std::exchange(offset_, offset_ + rows);
  if (from == 0 && rows == current_->length()) return current_;
  return current_->Slice(from, rows);
}

}  // namespace lakelift::columnar
