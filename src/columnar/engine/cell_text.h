// Cells as text, for CSV and JSON lines (docs/formats.md).
#pragma once

#include <arrow/array.h>

#include <memory>
#include <string>
#include <string_view>

namespace lakelift::columnar {

// Shortest text that reads back as the same number, always recognisable as a float: "5.0", "1e+20", "inf", "nan".
void append_float(double value, std::string& out);
void append_float(float value, std::string& out);
// RFC 4180: in quotes where it holds a comma, quote, CR or LF, or is empty (an unquoted empty cell is null).
void append_csv_text(std::string_view text, std::string& out);
void append_json_text(std::string_view text, std::string& out);

enum class TextStyle { kCsv, kJson };

// The cells of one column of one batch. Bound to an array that must outlive it.
class CellText {
 public:
  virtual ~CellText() = default;
  virtual void append(std::int64_t row, std::string& out) const = 0;
};
[[nodiscard]] std::unique_ptr<CellText> cell_text(const arrow::Array& array, TextStyle style);

}  // namespace lakelift::columnar
