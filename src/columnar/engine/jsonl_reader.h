// JSON lines, read as a stream: one object a line.
#pragma once

#include <arrow/io/interfaces.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace lakelift::columnar {

inline constexpr std::size_t kJsonLineBytes = 64 << 20;  // more in one line: no JSON lines

// LF and CRLF end a line; a byte order mark and empty lines are skipped. Strict as parse_json is. Not threadsafe.
class JsonlReader {
 public:
  JsonlReader(std::shared_ptr<arrow::io::InputStream> stream, std::string where);

  // False at the end. Error: kInvalid naming the line: no JSON, no object, a key twice, text that is not UTF-8, a line
  // beyond the limit.
  [[nodiscard]] Result<bool> next(json::object& row);
  [[nodiscard]] std::int64_t line() const { return line_; }  // of that row, from 1
  [[nodiscard]] std::unexpected<Error> broken(std::string_view what) const;

 private:
  [[nodiscard]] Result<bool> next_line(std::string_view& line);
  [[nodiscard]] Result<void> fill();

  std::shared_ptr<arrow::io::InputStream> stream_;
  std::string where_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of the unread part of buffer_
  std::size_t scanned_ = 0;  // up to here there is no end of a line
  bool at_start_ = true;
  bool at_end_ = false;
  std::int64_t line_ = 0;
};

}  // namespace lakelift::columnar
