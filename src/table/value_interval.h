// The order of values that filters mean (docs/formats.md), as keys that know their neighbours: with the next key at
// hand every bound, inclusive or not, is one end of a half-open interval, and intervals can be compared exactly.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "table/value.h"

namespace lakelift::table {

// Numbers, booleans and moments are counted by one integer each, texts stand for themselves, Above is behind all texts.
struct Above {
  auto operator<=>(const Above&) const = default;
};
using Rank = __int128;
using Key = std::variant<Rank, std::string, Above>;

// All keys k with low <= k < end.
struct Interval {
  Key low;
  Key end;
};

// Whether a filter may compare with it: neither null nor NaN.
[[nodiscard]] bool is_literal(const Value& value);
// The following take literals only.
// What cells of the literal's type can hold, besides null: integers up to 2^64 - 1 (uint64 columns), doubles with NaN
// as the last, every nanosecond of 64-bit seconds.
[[nodiscard]] Interval domain_like(const Value& literal);
[[nodiscard]] Key key_of(const Value& literal);
// The least key above: of integers the next one, of doubles the next that a double can hold, of moments a nanosecond
// later, of texts the text with a zero byte behind it.
[[nodiscard]] Key next(const Key& key);
// The literal at this key; nothing where there is none (NaN, integers beyond 63 bits, Above).
[[nodiscard]] std::optional<Value> literal_at(const Key& key, const Value& like);

}  // namespace lakelift::table
