// How the catalogue compares texts of people.
#pragma once

#include <string>
#include <string_view>

namespace lakelift::catalogue {

// Composed and case-folded as Unicode says, so that "É" typed in either way finds "é"; the length may change ("ß" is
// "ss"). The text itself where it is not UTF-8.
[[nodiscard]] std::string folded(std::string_view text);

// Composed only (NFC). The text itself where it is not UTF-8.
[[nodiscard]] std::string composed(std::string_view text);

}  // namespace lakelift::catalogue
