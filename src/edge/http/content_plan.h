// Which bytes of a content answer a request: conditions, ranges and the headers that go with them (RFC 9110, 13 and
// 14). Pure: no byte is read here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edge/http/request_context.h"
#include "edge/http/response.h"
#include "edge/http/response_head.h"

namespace lakelift::http {

// First `text`, then `length` bytes of the content from `offset` on.
struct ContentPiece {
  std::string text;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct ContentPlan {
  int status = 200;
  Headers headers;
  std::uint64_t content_length = 0;
  std::vector<ContentPiece> pieces;  // empty: no body (304, 412, 416)
};

// `boundary`: what parts of a multipart answer to this request may be told apart by.
[[nodiscard]] ContentPlan plan_content(const Content& content, const RequestContext& request,
                                       std::string_view boundary);

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};
enum class RangeOutcome {
  kWhole,  // no range, not "bytes", malformed, or ranges that overlap: the whole is sent
  kPartial,
  kUnsatisfiable,  // none lies within, or more than limits::kRangesPerRequest
};
// `header`: the value of Range. `out`: in the order asked for.
[[nodiscard]] RangeOutcome parse_ranges(std::string_view header, std::uint64_t size, std::vector<ByteRange>& out);

// attachment; filename="…"; filename*=UTF-8''…   Control and bidi bytes, quotes, slashes and broken UTF-8 become '_'.
[[nodiscard]] std::string content_disposition(std::string_view file_name);

}  // namespace lakelift::http
