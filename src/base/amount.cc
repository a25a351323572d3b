#include "base/amount.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

namespace lakelift {
namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kMicrosPerCent = 10'000;
constexpr int kDecimals = 6;
constexpr std::size_t kNumberChars = 18;
constexpr std::int64_t kMostMicros = std::int64_t{1} << 60;

// Millionths of what the digits say; nothing where they are no such number.
std::optional<std::int64_t> millionths(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string whole(text.substr(0, point));
  std::string part(point == std::string_view::npos ? "" : text.substr(point + 1));
  const auto is_digits = [](const std::string& digits) {
    return !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  };
  const bool is_number = is_digits(whole) && (point == std::string_view::npos || is_digits(part));
  if (!is_number || part.size() > kDecimals || whole.size() + kDecimals > kNumberChars) return std::nullopt;
  part.resize(kDecimals, '0');
  const std::string digits = whole + part;
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace

Result<std::int64_t> parse_money(std::string_view text) {
  const auto micros = millionths(text);
  if (!micros || *micros > kMostMicros) {
    return fail(Code::kInvalid, fmt::format("'{}' is no amount of money: write 5 or 5.25", text));
  }
  return *micros;
}

Result<std::int64_t> parse_bytes(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 12> kUnits{{{"KiB", 1LL << 10},
                                                                                     {"MiB", 1LL << 20},
                                                                                     {"GiB", 1LL << 30},
                                                                                     {"TiB", 1LL << 40},
                                                                                     {"PiB", 1LL << 50},
                                                                                     {"kB", 1'000},
                                                                                     {"KB", 1'000},
                                                                                     {"MB", 1'000'000},
                                                                                     {"GB", 1'000'000'000},
                                                                                     {"TB", 1'000'000'000'000},
                                                                                     {"PB", 1'000'000'000'000'000},
                                                                                     {"B", 1}}};
  std::string_view number = text;
  std::int64_t unit = 1;
  for (const auto& [name, bytes] : kUnits) {
    if (!text.ends_with(name)) continue;
    number = text.substr(0, text.size() - name.size());
    unit = bytes;
    break;
  }
  const auto parts = millionths(number);
  const auto bytes = static_cast<unsigned __int128>(parts.value_or(0)) * static_cast<unsigned __int128>(unit);
  if (!parts || bytes % kMicros != 0 || bytes / kMicros > static_cast<unsigned __int128>(std::int64_t{1} << 62)) {
    return fail(Code::kInvalid, fmt::format("'{}' is no size: write 10MB, 1.5TB or a number of bytes", text));
  }
  return static_cast<std::int64_t>(bytes / kMicros);
}

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"kB", "MB", "GB", "TB", "PB", "EB"};
  if (std::llabs(bytes) < 1'000) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1e3;
  std::size_t unit = 0;
  while (std::abs(amount) >= 999.95 && unit + 1 < kUnits.size()) {
    amount /= 1e3;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string money_text(std::int64_t micros, std::string_view currency) {
  const bool is_negative = micros < 0;
  const auto amount = is_negative ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
  std::string digits = fmt::format("{}.{:06}", amount / kMicros, amount % kMicros);
  const bool is_small = amount < kMicrosPerCent;
  if (!is_small) {
    const std::uint64_t cents = (amount + kMicrosPerCent / 2) / kMicrosPerCent;
    digits = fmt::format("{}.{:02}", cents / 100, cents % 100);
  }
  while (is_small && digits.ends_with('0') && digits.size() > std::string_view("0.00").size()) digits.pop_back();
  return fmt::format("{}{} {}", is_negative ? "-" : "", digits, currency);
}

}  // namespace lakelift
