// Server-sent events out of a stream of bytes (WHATWG HTML, 9.2): the `data` of each event.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::cli {

class SseParser {
 public:
  using OnData = std::function<Result<void>(const std::string& data)>;
  explicit SseParser(OnData on_data) : on_data_(std::move(on_data)) {}

  // Bytes as they come, cut anywhere. Errors: kTooLarge for an event above limits::kEventBytes; on_data's.
  [[nodiscard]] Result<void> feed(std::string_view bytes);

 private:
  [[nodiscard]] Result<void> take_line(std::string_view line);

  OnData on_data_;
  std::string line_;
  std::string data_;
  bool has_data_ = false;
  bool after_cr_ = false;  // a line feed that follows belongs to the line end before
};

}  // namespace lakelift::cli
