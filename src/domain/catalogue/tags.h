// Words that an item is found by.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lakelift::catalogue {

// Lower case, composed (NFC), without spaces around it. An error says what is wrong: empty, longer than
// limits::kTagChars characters, not UTF-8, control characters.
[[nodiscard]] std::expected<std::string, std::string> normal_tag(std::string_view text);

// An array of strings → their normal forms, each once, ascending by bytes. An error says what is wrong: another shape,
// a tag that is none, more than limits::kTags of them.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> tags_from_json(const json::value& json);

}  // namespace lakelift::catalogue
