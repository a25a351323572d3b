#include "table/value_interval.h"

#include <bit>
#include <cmath>
#include <limits>

namespace lakelift::table {
namespace {

constexpr Rank kNanosPerSecond = 1'000'000'000;
constexpr Rank kLeastInt64 = std::numeric_limits<std::int64_t>::min();
constexpr Rank kGreatestInt64 = std::numeric_limits<std::int64_t>::max();
constexpr Rank kGreatestUint64 = std::numeric_limits<std::uint64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// IEEE 754: read as integers, doubles of one sign are in the order of their magnitude. -0 and 0 are both 0.
Rank rank_of(double number) {
  const auto magnitude = std::bit_cast<std::int64_t>(std::fabs(number));
  return number < 0 ? -static_cast<Rank>(magnitude) : static_cast<Rank>(magnitude);
}

double double_at(Rank rank) {
  const double magnitude = std::bit_cast<double>(static_cast<std::int64_t>(rank < 0 ? -rank : rank));
  return rank < 0 ? -magnitude : magnitude;
}

Datetime datetime_at(Rank nanos) {
  Rank seconds = nanos / kNanosPerSecond;
  if (nanos % kNanosPerSecond < 0) --seconds;
  return {static_cast<std::int64_t>(seconds), static_cast<std::uint32_t>(nanos - seconds * kNanosPerSecond)};
}

}  // namespace

bool is_literal(const Value& value) {
  const auto* number = std::get_if<double>(&value);
  return !is_null(value) && (number == nullptr || !std::isnan(*number));
}

Interval domain_like(const Value& literal) {
  if (std::holds_alternative<bool>(literal)) return {Rank{0}, Rank{2}};
  if (std::holds_alternative<std::int64_t>(literal)) return {kLeastInt64, kGreatestUint64 + 1};
  // One place behind +infinity, for NaN.
  if (std::holds_alternative<double>(literal)) return {rank_of(-kInfinity), rank_of(kInfinity) + 2};
  if (std::holds_alternative<Datetime>(literal)) {
    return {kLeastInt64 * kNanosPerSecond, (kGreatestInt64 + 1) * kNanosPerSecond};
  }
  return {std::string(), Above()};
}

Key key_of(const Value& literal) {
  if (const auto* flag = std::get_if<bool>(&literal)) return Rank{*flag ? 1 : 0};
  if (const auto* whole = std::get_if<std::int64_t>(&literal)) return Rank{*whole};
  if (const auto* number = std::get_if<double>(&literal)) return rank_of(*number);
  if (const auto* text = std::get_if<std::string>(&literal)) return *text;
  if (const auto* at = std::get_if<Datetime>(&literal)) return Rank{at->seconds} * kNanosPerSecond + at->nanos;
  return Above();
}

Key next(const Key& key) {
  if (const auto* rank = std::get_if<Rank>(&key)) return *rank + 1;
  if (const auto* text = std::get_if<std::string>(&key)) return *text + '\0';
  return Above();
}

std::optional<Value> literal_at(const Key& key, const Value& like) {
  if (const auto* text = std::get_if<std::string>(&key)) return Value(*text);
  const auto* rank = std::get_if<Rank>(&key);
  if (rank == nullptr) return std::nullopt;
  if (std::holds_alternative<bool>(like)) return Value(*rank != 0);
  if (std::holds_alternative<Datetime>(like)) return Value(datetime_at(*rank));
  if (std::holds_alternative<double>(like)) {
    const double number = double_at(*rank);
    return std::isnan(number) ? std::nullopt : std::optional(Value(number));
  }
  return *rank > kGreatestInt64 ? std::nullopt : std::optional(Value(static_cast<std::int64_t>(*rank)));
}

}  // namespace lakelift::table
