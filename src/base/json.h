// JSON as the contracts need it: strict RFC 8259 in (depth <= kJsonDepth, no duplicate keys, valid UTF-8), compact out.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift {

namespace json = boost::json;

// Errors: kInvalid with the event BODY_JSON_DID_NOT_PARSE and where it stopped making sense.
[[nodiscard]] Result<json::value> parse_json(std::string_view text);

[[nodiscard]] std::string to_text(const json::value& value);
// Keys sorted at every level: equal values give equal texts.
[[nodiscard]] std::string to_canonical_text(const json::value& value);

// Looks that never throw: nothing where the key is missing or of another type.
[[nodiscard]] const json::value* find(const json::object& object, std::string_view key);
[[nodiscard]] std::optional<std::string> find_string(const json::object& object, std::string_view key);
[[nodiscard]] std::optional<std::int64_t> find_int(const json::object& object, std::string_view key);
[[nodiscard]] std::optional<double> find_number(const json::object& object, std::string_view key);
[[nodiscard]] std::optional<bool> find_bool(const json::object& object, std::string_view key);

}  // namespace lakelift
