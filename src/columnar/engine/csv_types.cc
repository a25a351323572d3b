#include "columnar/engine/csv_types.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;
constexpr std::size_t kDayChars = 10;
// Seconds around 1970 that nanoseconds in 64 bits reach.
constexpr std::int64_t kNanosReach = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number as this program would write it, or close: -?(0|[1-9][0-9]*)(.[0-9]*)?([eE][+-]?[0-9]+)?, or .5
bool looks_like_number(std::string_view text, bool& whole) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - start;
  };
  const std::size_t first = at;
  const std::size_t before = digits();
  if (before > 1 && text[first] == '0') return false;
  whole = before > 0 && at == text.size();
  std::size_t after = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    after = digits();
  }
  if (before + after == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<double> special_float(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const auto word : {"inf", "Inf", "INF", "Infinity", "infinity"}) {
    if (text == word) return negative ? -kInfinity : kInfinity;
  }
  if (!negative && (text == "nan" || text == "NaN" || text == "NAN")) return std::nan("");
  return std::nullopt;
}

bool has_zone(std::string_view text) {
  return text.size() > kDayChars && text.find_first_of("Z+-", kDayChars) != std::string_view::npos;
}

bool has_nanos(std::string_view text) {
  const auto point = text.find('.');
  if (point == std::string_view::npos) return false;
  std::size_t digits = 0;
  while (point + 1 + digits < text.size() && is_digit(text[point + 1 + digits])) ++digits;
  return digits > 6;
}

}  // namespace

std::optional<bool> csv_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> csv_integer(std::string_view text) {
  bool whole = false;
  if (!looks_like_number(text, whole) || !whole || text == "-0") return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> csv_float(std::string_view text) {
  bool whole = false;
  if (!looks_like_number(text, whole)) return special_float(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);  // 0 or infinity
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (whole) {  // one that a double can't hold would lose digits
    std::int64_t exact = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), exact);
    if (parsed.ec != std::errc() || exact > kExactInDouble || exact < -kExactInDouble) return std::nullopt;
  }
  return value;
}

void CsvTypeGuess::add(std::string_view text) {
  any_ = true;
  if (bool_) bool_ = csv_bool(text).has_value();
  if (integer_) integer_ = csv_integer(text).has_value();
  if (float_) float_ = csv_float(text).has_value();
  if (datetime_) add_datetime(text);
}

void CsvTypeGuess::add_datetime(std::string_view text) {
  const auto at = table::parse_datetime(text);
  datetime_ = at.has_value();
  if (!at) return;
  if (text.size() != kDayChars) date_ = false;
  if (text.size() == kDayChars || !has_zone(text)) zoned_ = false;
  if (text.size() != kDayChars && has_zone(text)) unzoned_ = false;
  nanos_ = nanos_ || has_nanos(text);
  if (at->seconds > kNanosReach || at->seconds < -kNanosReach) nanos_fit_ = false;
}

TypePtr CsvTypeGuess::type() const {
  if (!any_) return arrow::utf8();
  if (bool_) return arrow::boolean();
  if (integer_) return arrow::int64();
  if (float_) return arrow::float64();
  return text_type();
}

TypePtr CsvTypeGuess::text_type() const {
  if (!any_ || !datetime_) return arrow::utf8();
  if (date_) return arrow::date32();
  if (zoned_ == unzoned_ || (nanos_ && !nanos_fit_)) return arrow::utf8();  // some with a zone, some without
  const auto unit = nanos_ ? arrow::TimeUnit::NANO : arrow::TimeUnit::MICRO;
  return zoned_ ? arrow::timestamp(unit, "UTC") : arrow::timestamp(unit);
}

}  // namespace lakelift::columnar
