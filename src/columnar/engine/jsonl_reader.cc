#include "columnar/engine/jsonl_reader.h"

#include <algorithm>

#include "columnar/engine/text_input.h"

namespace lakelift::columnar {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBodyWords = "the body is not JSON: ";  // of parse_json

}  // namespace

JsonlReader::JsonlReader(std::shared_ptr<arrow::io::InputStream> stream, std::string where)
    : stream_(std::move(stream)), where_(std::move(where)) {}

std::unexpected<Error> JsonlReader::broken(std::string_view what) const {
  return fail(Code::kInvalid, where_ + ", line " + std::to_string(line_) + ": " + std::string(what));
}

Result<void> JsonlReader::fill() {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  TRY(const std::int64_t count, read_text(*stream_, kReadBytes, buffer_.data() + before, where_));
  buffer_.resize(before + static_cast<std::size_t>(count));
  at_end_ = count < static_cast<std::int64_t>(kReadBytes);
  if (at_start_ && buffer_.starts_with(kByteOrderMark)) begin_ = scanned_ = kByteOrderMark.size();
  at_start_ = false;
  return {};
}

Result<bool> JsonlReader::next_line(std::string_view& line) {
  ++line_;
  for (;;) {
    const std::size_t end = buffer_.find('\n', scanned_);
    if (end != std::string::npos) {
      line = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = scanned_ = end + 1;
      return true;
    }
    scanned_ = buffer_.size();
    if (at_end_) break;
    if (buffer_.size() - begin_ > kJsonLineBytes) {
      return broken("a line of more than " + std::to_string(kJsonLineBytes) + " bytes");
    }
    TRY_VOID(fill());
  }
  line = std::string_view(buffer_).substr(begin_);
  begin_ = buffer_.size();
  return !line.empty();
}

Result<bool> JsonlReader::next(json::object& row) {
  for (;;) {
    std::string_view line;
    TRY(const bool more, next_line(line));
    if (!more) return false;
    if (std::ranges::all_of(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; })) continue;
    auto value = parse_json(line);
    if (!value) {
      std::string_view reason = value.error().message;
      if (reason.starts_with(kBodyWords)) reason.remove_prefix(kBodyWords.size());
      return broken("is not JSON: " + std::string(reason));
    }
    if (!value->is_object()) return broken("is no object; every line holds one, {\"column\": value, …}");
    row = std::move(value->get_object());
    return true;
  }
}

}  // namespace lakelift::columnar
