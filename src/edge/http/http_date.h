// Times as HTTP says them (RFC 9110, 5.6.7). base/clock.h has the other direction.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace lakelift::http {

// All three forms: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" (years from 1970 to 2069) and
// "Sun Nov  6 08:49:37 1994". Nothing where it is none of them.
[[nodiscard]] std::optional<Micros> parse_http_date(std::string_view text);

}  // namespace lakelift::http
