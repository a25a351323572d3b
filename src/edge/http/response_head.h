// The head of an answer as bytes, with the headers that every answer has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace lakelift::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct ResponseHead {
  int status = 200;
  const Headers& headers;  // the handler's; control bytes in values become spaces, framing headers are ours alone
  std::string_view request_id;
  Micros now = 0;
  std::optional<std::uint64_t> content_length;  // nothing: chunked, or no body at all for 1xx, 204, 304
  bool chunked = false;
  bool keep_alive = true;
  int version = 11;  // of the request
};

// Ends with the empty line. On every answer: Date, Server, X-Request-Id, X-Content-Type-Options, Referrer-Policy, and,
// unless the handler set them, Cache-Control: no-store and a Content-Security-Policy that allows nothing.
[[nodiscard]] std::string render(const ResponseHead& head);
[[nodiscard]] bool has_header(const Headers& headers, std::string_view name);
// 1xx, 204 and 304 have neither a body nor a length.
[[nodiscard]] bool may_have_body(int status);
[[nodiscard]] std::string_view reason_of(int status);

}  // namespace lakelift::http
