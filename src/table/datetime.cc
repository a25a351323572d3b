// The calendar half of value.h: proleptic Gregorian, UTC, no leap seconds.
#include <fmt/format.h>

#include <chrono>

#include "table/value.h"

namespace lakelift::table {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kFirstSecond = -62'167'219'200;  // 0000-01-01T00:00:00
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59

// Reads a text from left to right; once something did not fit, everything after it fails too.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int number(std::size_t digits, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const int digit = next_digit();
      if (digit < 0) {
        ok_ = false;
        return 0;
      }
      value = value * 10 + digit;
    }
    if (value < least || value > most) ok_ = false;
    return value;
  }
  // One of the characters of `any`.
  char sign(std::string_view any) {
    if (rest_.empty() || any.find(rest_.front()) == std::string_view::npos) {
      ok_ = false;
      return '\0';
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  int next_digit() {
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return -1;
    const int digit = rest_.front() - '0';
    rest_.remove_prefix(1);
    return digit;
  }
  void fail() { ok_ = false; }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at(char c) const { return !rest_.empty() && rest_.front() == c; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// Seconds of the midnight that begins the day.
std::int64_t scan_date(Scanner& in) {
  const int year = in.number(4, 0, 9999);
  in.sign("-");
  const int month = in.number(2, 1, 12);
  in.sign("-");
  const int day = in.number(2, 1, 31);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!in.ok() || !date.ok()) {
    in.fail();
    return 0;
  }
  return std::chrono::sys_days(date).time_since_epoch().count() * kDaySeconds;
}

std::uint32_t scan_fraction(Scanner& in) {
  std::uint32_t nanos = 0;
  int digits = 0;
  for (int digit = in.next_digit(); digit >= 0; digit = in.next_digit()) {
    if (++digits > 9) {
      in.fail();
      return 0;
    }
    nanos = nanos * 10 + static_cast<std::uint32_t>(digit);
  }
  if (digits == 0) in.fail();
  for (; digits < 9; ++digits) nanos *= 10;
  return nanos;
}

std::int64_t scan_offset(Scanner& in) {
  const char sign = in.sign("Z+-");
  if (sign == 'Z') return 0;
  const int hours = in.number(2, 0, 23);
  in.sign(":");
  const int minutes = in.number(2, 0, 59);
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return sign == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<Datetime> parse_datetime(std::string_view text) {
  Scanner in(text);
  Datetime at;
  at.seconds = scan_date(in);
  if (in.ok() && !in.at_end()) {
    in.sign("T ");
    at.seconds += in.number(2, 0, 23) * 3600;
    in.sign(":");
    at.seconds += in.number(2, 0, 59) * 60;
    in.sign(":");
    at.seconds += in.number(2, 0, 59);
    if (in.at('.')) {
      in.sign(".");
      at.nanos = scan_fraction(in);
    }
    if (!in.at_end()) at.seconds -= scan_offset(in);
  }
  // An offset can lead out of the years that have four digits.
  if (!in.ok() || !in.at_end() || at.seconds < kFirstSecond || at.seconds > kLastSecond) return std::nullopt;
  return at;
}

std::string format_datetime(const Datetime& at) {
  std::int64_t days = at.seconds / kDaySeconds;
  std::int64_t rest = at.seconds % kDaySeconds;
  if (rest < 0) {
    rest += kDaySeconds;
    --days;
  }
  // Data may hold any 64-bit second, beyond what std::chrono::year can say: whole cycles of 400 years are set aside.
  constexpr std::int64_t kCycleDays = 146'097;
  std::int64_t cycles = days / kCycleDays;
  std::int64_t day_of_cycle = days % kCycleDays;
  if (day_of_cycle < 0) {
    day_of_cycle += kCycleDays;
    --cycles;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day_of_cycle))};
  const std::int64_t year = static_cast<int>(date.year()) + cycles * 400;
  std::string text = fmt::format("{}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", year < 0 ? "-" : "", year < 0 ? -year : year,
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), rest / 3600,
                                 rest / 60 % 60, rest % 60);
  if (at.nanos == 0) return text;
  if (at.nanos % 1'000'000 == 0) return text + fmt::format(".{:03}", at.nanos / 1'000'000);
  if (at.nanos % 1'000 == 0) return text + fmt::format(".{:06}", at.nanos / 1'000);
  return text + fmt::format(".{:09}", at.nanos);
}

}  // namespace lakelift::table
