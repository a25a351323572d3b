#include "edge/cli/sse.h"

#include "edge/cli/cli_limits.h"

namespace lakelift::cli {

Result<void> SseParser::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n' && after_cr_) {
      after_cr_ = false;
      continue;
    }
    after_cr_ = c == '\r';
    if (c == '\n' || c == '\r') {
      TRY_VOID(take_line(line_));
      line_.clear();
    } else if (line_.size() + data_.size() >= limits::kEventBytes) {
      return fail(Code::kTooLarge, "ANSWER_TOO_LARGE", "the server sent an event that is too large");
    } else {
      line_ += c;
    }
  }
  return {};
}

Result<void> SseParser::take_line(std::string_view line) {
  if (line.empty()) {
    if (!has_data_) return {};
    has_data_ = false;
    const std::string data = std::move(data_);
    data_.clear();
    return on_data_(data);
  }
  const auto colon = line.find(':');
  if (line.substr(0, colon) != "data") return {};  // comments and fields that we have no use for
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (has_data_) data_ += '\n';
  data_ += value;
  has_data_ = true;
  return {};
}

}  // namespace lakelift::cli
