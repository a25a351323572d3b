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
[[nodiscard]] std::unexpected<Error> not_yours_to_share();
[[nodiscard]] std::unexpected<Error> for_everyone_already(std::string_view name);
[[nodiscard]] std::unexpected<Error> no_such_reader();
[[nodiscard]] std::unexpected<Error> too_many_followed();
[[nodiscard]] std::unexpected<Error> no_such_access_request(std::int64_t id);
[[nodiscard]] std::unexpected<Error> readable_already(std::string_view name);
[[nodiscard]] std::unexpected<Error> decided_already(std::int64_t id);
[[nodiscard]] std::unexpected<Error> nothing_to_grant(std::string_view name);
[[nodiscard]] std::unexpected<Error> follows_its_file(std::string_view name);
[[nodiscard]] std::unexpected<Error> body_fault(std::string_view field, std::string text);

}  // namespace lakelift::catalogue
