// The two forms of a time that S3 and its neighbours write.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace lakelift::aws {

// "2009-10-12T17:50:30.000Z", in UTC, with or without a fraction. Nothing: it is something else.
[[nodiscard]] std::optional<Micros> parse_utc(std::string_view text);
// "Sun, 06 Nov 1994 08:49:37 GMT": what a Date header carries (RFC 9110, IMF-fixdate).
[[nodiscard]] std::optional<Micros> parse_date_header(std::string_view text);

}  // namespace lakelift::aws
