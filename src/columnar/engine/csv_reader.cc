#include "columnar/engine/csv_reader.h"

#include "columnar/engine/array_checks.h"
#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/text_input.h"

namespace lakelift::columnar {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(std::shared_ptr<arrow::io::InputStream> stream, char delimiter, std::string where)
    : stream_(std::move(stream)), delimiter_(delimiter), where_(std::move(where)) {}

std::unexpected<Error> CsvReader::broken(std::string_view what) const {
  return fail(Code::kInvalid, where_ + ", line " + std::to_string(record_line_) + ": " + std::string(what));
}

// False where nothing more came.
Result<bool> CsvReader::fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  if (at_end_) return false;
  if (buffer_.size() > kCsvRecordBytes) {
    return broken("a record of more than " + std::to_string(kCsvRecordBytes) + " bytes; is a quote not closed?");
  }
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  TRY(const std::int64_t count, read_text(*stream_, kReadBytes, buffer_.data() + before, where_));
  buffer_.resize(before + static_cast<std::size_t>(count));
  if (at_start_ && buffer_.starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
  at_start_ = false;
  at_end_ = count < static_cast<std::int64_t>(kReadBytes);
  return count > 0;
}

Result<bool> CsvReader::next(CsvRecord& record) {
  record_line_ = line_;
  for (;;) {
    if (begin_ < buffer_.size()) {
      TRY(const Found found, parse());
      if (found == Found::kRecord) {
        line_ += lines_in_record_;
        hand_over(record);
        const auto whole = std::string_view(buffer_).substr(begin_, next_ - begin_);
        if (!is_utf8(whole)) return broken("a text is not valid UTF-8");
        begin_ = next_;
        return true;
      }
    } else if (at_end_) {
      return false;
    }
    TRY_VOID(fill());
  }
}

// A record from begin_ on; kMore where the buffer ends before the record does.
Result<CsvReader::Found> CsvReader::parse() {
  pieces_.clear();
  unescaped_.clear();
  lines_in_record_ = 1;
  std::size_t at = begin_;
  for (;;) {
    if (at < buffer_.size() && buffer_[at] == '"') {
      TRY(const Found found, parse_quoted(at));
      if (found == Found::kMore) return found;
    } else {
      const std::size_t start = at;
      while (at < buffer_.size() && buffer_[at] != delimiter_ && buffer_[at] != '\n' && buffer_[at] != '\r') ++at;
      pieces_.push_back({start, at, false, false});
    }
    if (at == buffer_.size()) {
      if (!at_end_) return Found::kMore;
      next_ = at;
      return Found::kRecord;
    }
    const char end = buffer_[at++];
    if (end == delimiter_) continue;
    if (end == '\r') {
      if (at == buffer_.size() && !at_end_) return Found::kMore;  // is it CR or CRLF?
      if (at < buffer_.size() && buffer_[at] == '\n') ++at;
    }
    next_ = at;
    return Found::kRecord;
  }
}

// `at` is at the opening quote; afterwards behind the closing one.
Result<CsvReader::Found> CsvReader::parse_quoted(std::size_t& at) {
  const std::size_t start = ++at;
  const std::size_t unescaped_start = unescaped_.size();
  bool escaped = false;
  std::size_t copied = start;
  for (;;) {
    const std::size_t quote = buffer_.find('"', at);
    if (quote == std::string::npos) {
      if (at_end_) return broken("a quote is not closed");
      return Found::kMore;
    }
    at = quote + 1;
    if (at == buffer_.size() && !at_end_) return Found::kMore;  // is another quote to come?
    if (at == buffer_.size() || buffer_[at] != '"') break;
    unescaped_.append(buffer_, copied, at - copied);  // one of the two quotes
    copied = ++at;
    escaped = true;
  }
  const std::size_t end = at - 1;
  for (std::size_t i = start; i < end; ++i) {
    if (buffer_[i] == '\n') ++lines_in_record_;
  }
  if (escaped) {
    unescaped_.append(buffer_, copied, end - copied);
    pieces_.push_back({unescaped_start, unescaped_.size(), true, true});
  } else {
    pieces_.push_back({start, end, true, false});
  }
  if (at < buffer_.size() && buffer_[at] != delimiter_ && buffer_[at] != '\n' && buffer_[at] != '\r') {
    return broken("text after a closing quote");
  }
  return Found::kRecord;
}

void CsvReader::hand_over(CsvRecord& record) const {
  record.clear();
  for (const auto& piece : pieces_) {
    const std::string_view from = piece.unescaped ? unescaped_ : buffer_;
    record.push_back({from.substr(piece.begin, piece.end - piece.begin), piece.quoted});
  }
}

}  // namespace lakelift::columnar
