// What an unquoted word of a file means. In YAML as loaders of YAML 1.1 such as PyYAML have it, for which the files of
// today are written:
//
//   null, ~ and nothing     null
//   true, yes, on …         booleans
//   12, 1_000, 0x1f, 0b1    whole numbers
//   1.5, 1.0e+3             numbers; 1e3 and 1.5e3 are texts (YAML 1.1 wants the dot and the sign), but not in JSON
//   08, 0o17                texts
//   2013-01-05              a text: dates go to the server as texts
//
// What YAML 1.1 takes for another number than YAML 1.2 and people do (017 is 15, 12:30 is 750) is refused rather than
// guessed at; so are .inf and .nan, which JSON has not. Elsewhere a wrong type is told by the server.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace lakelift::cli {

enum class Dialect { kYaml, kJson };

// Error: kInvalid with what to write instead.
[[nodiscard]] Result<json::value> resolve_plain_scalar(std::string_view text, Dialect dialect);

// Whether a text may stand unquoted in every YAML: short, of harmless characters, begins with a letter, and no YAML
// takes it for anything but a text.
[[nodiscard]] bool may_stand_plain(std::string_view text);

}  // namespace lakelift::cli
