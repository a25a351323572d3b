// The errors of the catalogue, each worded once.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::catalogue {

[[nodiscard]] std::unexpected<Error> no_such_item(std::int64_t id);
[[nodiscard]] std::unexpected<Error> name_taken(std::string_view name);
[[nodiscard]] std::unexpected<Error> still_waited_for(std::int64_t id, std::int64_t not_cancelled_count);
[[nodiscard]] std::unexpected<Error> source_missing(std::string_view name);
[[nodiscard]] std::unexpected<Error> source_changed(std::string reason);
[[nodiscard]] std::unexpected<Error> body_fault(std::string_view field, std::string text);

}  // namespace lakelift::catalogue
