#include "backends/net/aws/timestamps.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace lakelift::aws {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// The digits at a place of the text; nothing where it has others.
std::optional<unsigned> number(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  const char* const end = text.data() + at + digits;
  unsigned value = 0;
  const auto [stopped, error] = std::from_chars(text.data() + at, end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

struct Day {
  std::optional<unsigned> year, month, day;
};

// `clock` is "hh:mm:ss".
std::optional<Micros> time_of(const Day& of, std::string_view clock) {
  using namespace std::chrono;
  const auto hour = number(clock, 0, 2);
  const auto minute = number(clock, 3, 2);
  const auto second = number(clock, 6, 2);
  if (!of.year || !of.month || !of.day || !hour || !minute || !second) return std::nullopt;
  const year_month_day date(year(static_cast<int>(*of.year)), month(*of.month), day(*of.day));
  if (!date.ok() || clock[2] != ':' || clock[5] != ':' || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  const auto since = sys_days(date).time_since_epoch() + hours(*hour) + minutes(*minute) + seconds(*second);
  return duration_cast<microseconds>(since).count();
}

// ".000123" as microseconds; what is finer is dropped.
std::optional<Micros> fraction_of(std::string_view text) {
  if (text.empty()) return 0;
  text.remove_prefix(1);
  if (text.empty() || text.size() > 9 || !number(text, 0, text.size())) return std::nullopt;
  Micros value = 0;
  for (std::size_t i = 0; i < 6; ++i) value = value * 10 + (i < text.size() ? text[i] - '0' : 0);
  return value;
}

}  // namespace

std::optional<Micros> parse_utc(std::string_view text) {
  constexpr std::size_t kSeconds = 19;  // "2009-10-12T17:50:30"
  if (text.size() <= kSeconds || !text.ends_with('Z') || text[4] != '-' || text[7] != '-' || text[10] != 'T') {
    return std::nullopt;
  }
  text.remove_suffix(1);
  const std::string_view behind = text.substr(kSeconds);
  if (!behind.empty() && behind.front() != '.') return std::nullopt;
  const auto whole = time_of({number(text, 0, 4), number(text, 5, 2), number(text, 8, 2)}, text.substr(11, 8));
  const auto fraction = fraction_of(behind);
  if (!whole || !fraction) return std::nullopt;
  return *whole + *fraction;
}

std::optional<Micros> parse_date_header(std::string_view text) {
  constexpr std::size_t kBytes = 29;  // "Sun, 06 Nov 1994 08:49:37 GMT"
  if (text.size() != kBytes || !text.ends_with(" GMT") || text[7] != ' ' || text[11] != ' ' || text[16] != ' ') {
    return std::nullopt;
  }
  const auto* const month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  const auto index = static_cast<unsigned>(month - kMonths.begin()) + 1;
  return time_of({number(text, 12, 4), index, number(text, 5, 2)}, text.substr(17, 8));
}

}  // namespace lakelift::aws
