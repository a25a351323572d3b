// Pages that the server writes itself: small, without scripts or styles inside, everything that is not ours escaped.
#pragma once

#include <string>
#include <string_view>

#include "edge/http/response.h"

namespace lakelift::http::html {

// For texts and for values of attributes in double quotes. What is no UTF-8 becomes "?".
[[nodiscard]] std::string escape(std::string_view text);

// The whole page: `title` is escaped here, `body` is HTML. With the headers that a page of this kind has: scripts,
// styles and forms from and to ourselves alone, shown in no frame, kept by nobody.
[[nodiscard]] Response page(int status, std::string_view title, std::string_view body);

}  // namespace lakelift::http::html
