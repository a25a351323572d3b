// CSV by RFC 4180, read as a stream: records of cells, with what was in quotes told apart from what was not.
#pragma once

#include <arrow/io/interfaces.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakelift::columnar {

inline constexpr std::size_t kCsvRecordBytes = 64 << 20;  // more in one record: an unclosed quote, or no CSV

struct CsvCell {
  std::string_view text;  // unescaped; valid until the next record
  bool quoted = false;
};
using CsvRecord = std::vector<CsvCell>;

// LF, CRLF and CR end a record; a byte order mark is skipped. A quote opens only at the start of a cell; inside, "" is
// a quote. Not threadsafe.
class CsvReader {
 public:
  CsvReader(std::shared_ptr<arrow::io::InputStream> stream, char delimiter, std::string where);

  // False at the end. Error: kInvalid naming the line: a quote without an end, text after a closing quote, a record
  // beyond the limit, text that is not UTF-8.
  [[nodiscard]] Result<bool> next(CsvRecord& record);
  // Of the record's beginning, from 1.
  [[nodiscard]] std::int64_t line() const { return record_line_; }

 private:
  enum class Found { kRecord, kMore };
  struct Piece {  // of buffer_, or of unescaped_
    std::size_t begin, end;
    bool quoted, unescaped;
  };
  [[nodiscard]] Result<bool> fill();
  [[nodiscard]] Result<Found> parse();
  [[nodiscard]] Result<Found> parse_quoted(std::size_t& at);
  [[nodiscard]] std::unexpected<Error> broken(std::string_view what) const;
  void hand_over(CsvRecord& record) const;

  std::shared_ptr<arrow::io::InputStream> stream_;
  char delimiter_;
  std::string where_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the unread part of buffer_
  std::size_t next_ = 0;   // where the next record begins, once one was found
  bool at_start_ = true;
  bool at_end_ = false;
  std::int64_t line_ = 1;
  std::int64_t record_line_ = 1;
  std::int64_t lines_in_record_ = 0;
  std::vector<Piece> pieces_;
  std::string unescaped_;
};

}  // namespace lakelift::columnar
