// What an unquoted word of a YAML file means. YAML 1.1 (what loaders such as PyYAML read) and YAML 1.2 together:
//
//   null, ~ and nothing     null
//   true, yes, on …         booleans, as YAML 1.1 has them
//   12, 1_000, 0x1f, 0o17   whole numbers
//   1.5, 1e300              numbers
//   2013-01-05              a text: dates go to the server as texts
//
// Words that the two versions read as two different numbers, or as a number and a text (017, 12:30), are refused
// rather than guessed at; so are .inf and .nan, which JSON has not.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace lakelift::cli {

// Error: kInvalid with what to write instead.
[[nodiscard]] Result<json::value> resolve_plain_scalar(std::string_view text);

// Whether a text may stand unquoted in every YAML: short, of harmless characters, and no YAML takes it for anything
// but a text.
[[nodiscard]] bool may_stand_plain(std::string_view text);

}  // namespace lakelift::cli
