// The version of an item's data, as requests know it. Where an item says for how long what was read of it counts
// (max_age_seconds), its data of one engine version are further told apart by when that age began: "v7|since:1700…".
// What was held before is then no answer any more, and everything of one age fits together. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lakelift::slices {

[[nodiscard]] std::string aged_version(std::string_view engine_version, Micros since);
// What the engine said.
[[nodiscard]] std::string engine_version_of(std::string_view version);
// When its age began; nothing for a version without an age.
[[nodiscard]] std::optional<Micros> age_began(std::string_view version);
// What a request for `asked` has, when the engine says that it read `read` (empty: as asked): of the same age.
[[nodiscard]] std::string read_version(std::string_view asked, std::string_view read);

}  // namespace lakelift::slices
