// The five types of the contract and the values that they have.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/result.h"

namespace lakelift::table {

enum class ColumnType { kInteger, kFloat, kString, kBoolean, kDatetime };

[[nodiscard]] std::string_view name_of(ColumnType type);  // "INTEGER" …
[[nodiscard]] std::optional<ColumnType> column_type_of(std::string_view name);

// A moment in UTC, or the wall clock of a timestamp without a zone read as UTC. nanos in [0, 10^9).
struct Datetime {
  std::int64_t seconds = 0;  // since 1970-01-01, may be negative
  std::uint32_t nanos = 0;
  auto operator<=>(const Datetime&) const = default;
};

// Takes "2026-11-22", "2026-11-22T17:35:15", a space for the T, a fraction of 1–9 digits, "Z" or an offset "+02:00".
// Years 0000–9999; nothing for any other text, or a day that the calendar does not have.
[[nodiscard]] std::optional<Datetime> parse_datetime(std::string_view text);
// "2026-11-22T17:35:15", a fraction of 3, 6 or 9 digits only where it is not zero; no zone mark.
[[nodiscard]] std::string format_datetime(const Datetime& at);

// monostate is null.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Datetime>;

[[nodiscard]] inline bool is_null(const Value& value) { return std::holds_alternative<std::monostate>(value); }
// Null, and doubles that are not finite, become JSON null; a Datetime its ISO text.
[[nodiscard]] json::value to_json(const Value& value);
// A value of exactly this type: INTEGER takes whole numbers within 64 bits signed; FLOAT any number; DATETIME a text
// that parse_datetime takes; null is refused unless `nullable`. Error: kInvalid, the message says what was expected.
[[nodiscard]] Result<Value> value_from_json(const json::value& json, ColumnType type, bool nullable);
// The same from a text of a person: "3", "2.5", "true", "2013-01-05", any text for STRING. Never null.
[[nodiscard]] Result<Value> value_from_text(std::string_view text, ColumnType type);

}  // namespace lakelift::table
