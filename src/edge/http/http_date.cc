#include "edge/http/http_date.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace lakelift::http {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads a form like "DD MMM YYYY hh:mm:ss" from the text: letters of the form are digits of that value (MMM: the name
// of a month, d: a digit or a blank), everything else stands for itself.
struct Fields {
  unsigned day = 0;
  unsigned month = 0;
  unsigned year = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;

  unsigned* of(char letter) {
    switch (letter) {
      case 'd':
      case 'D':
        return &day;
      case 'Y':
        return &year;
      case 'h':
        return &hour;
      case 'm':
        return &minute;
      case 's':
        return &second;
      default:
        return nullptr;
    }
  }
};

std::optional<Fields> read(std::string_view text, std::string_view form) {
  Fields out;
  if (text.size() != form.size()) return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == 'M') {
      const auto* const found = std::ranges::find(kMonths, text.substr(i, 3));
      if (found == kMonths.end()) return std::nullopt;
      out.month = static_cast<unsigned>(found - kMonths.begin()) + 1;
      i += 2;
      continue;
    }
    unsigned* const value = out.of(form[i]);
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    const bool fits = value == nullptr ? text[i] == form[i] : is_digit || (form[i] == 'd' && text[i] == ' ');
    if (!fits) return std::nullopt;
    if (value != nullptr && is_digit) *value = *value * 10 + static_cast<unsigned>(text[i] - '0');
  }
  return out;
}

std::optional<Micros> time_of(const Fields& fields) {
  using namespace std::chrono;
  const year_month_day date(year(static_cast<int>(fields.year)), month(fields.month), day(fields.day));
  if (!date.ok() || fields.hour > 23 || fields.minute > 59 || fields.second > 60) return std::nullopt;
  const auto since = sys_days(date).time_since_epoch() + hours(fields.hour) + minutes(fields.minute);
  return duration_cast<microseconds>(since + seconds(fields.second)).count();
}

// Without the name of the day, which adds nothing; empty: the mark where that ends is missing.
std::string_view behind(std::string_view text, std::string_view mark) {
  const std::size_t found = text.find(mark);
  return found == std::string_view::npos ? std::string_view() : text.substr(found + mark.size());
}

}  // namespace

std::optional<Micros> parse_http_date(std::string_view text) {
  constexpr std::string_view kZone = " GMT";
  if (!text.ends_with(kZone)) {
    const auto fields = read(behind(text, " "), "MMM dd hh:mm:ss YYYY");
    return fields ? time_of(*fields) : std::nullopt;
  }
  text.remove_suffix(kZone.size());
  const std::string_view date = behind(text, ", ");
  if (const auto fields = read(date, "DD MMM YYYY hh:mm:ss")) return time_of(*fields);
  auto fields = read(date, "DD-MMM-YY hh:mm:ss");
  if (!fields) return std::nullopt;
  fields->year += fields->year < 70 ? 2000 : 1900;
  return time_of(*fields);
}

}  // namespace lakelift::http
