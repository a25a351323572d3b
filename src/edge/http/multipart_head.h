// The words of a multipart body: header values with parameters, and the head of a part. Only multipart.cc and tests
// include it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/http/multipart.h"

namespace lakelift::http {

// form-data; name="file"; filename="a.csv": the value in lower case, parameters by lower-case name, unquoted.
struct HeaderValue {
  std::string value;
  std::map<std::string, std::string> params;
};

// Nothing where it is broken or a parameter stands twice. In quotes `\"` and `\\` are the second character; any other
// backslash is itself, as in the paths that some browsers send.
[[nodiscard]] std::optional<HeaderValue> parse_header_value(std::string_view text);

// `block`: the lines of a part's head, each with its CRLF, without the empty one. Errors: kInvalid
// BODY_MULTIPART_DID_NOT_PARSE: a line that is none, a header twice, no Content-Disposition: form-data with a name, a
// Content-Transfer-Encoding, text that is not UTF-8.
[[nodiscard]] Result<PartHead> parse_part_head(std::string_view block);

// kInvalid BODY_MULTIPART_DID_NOT_PARSE.
[[nodiscard]] std::unexpected<Error> fail_multipart(std::string why);

}  // namespace lakelift::http
