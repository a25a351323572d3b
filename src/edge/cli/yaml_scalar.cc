#include "edge/cli/yaml_scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace lakelift::cli {
namespace {

constexpr std::size_t kPlainBytes = 120;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// A word in one of the three ways in which YAML writes it: "yes", "Yes", "YES".
bool is_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != word[i]) return false;
  }
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return std::ranges::none_of(text.substr(1), is_upper) || std::ranges::none_of(text, is_lower);
}

template <std::size_t N>
bool is_any_word(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return is_word(text, word); });
}

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(Code::kInvalid, "", fmt::format("\"{}\" {}", text, why));
}

std::string_view without_sign(std::string_view text) {
  return !text.empty() && (text.front() == '-' || text.front() == '+') ? text.substr(1) : text;
}

std::string without_underscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

bool all_digits(std::string_view text) {  // underscores between them count
  return !text.empty() && is_digit(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '_'; });
}

// "12:30", "1:02:03.5": base 60 in YAML 1.1, a text in YAML 1.2.
bool is_sexagesimal(std::string_view digits) {
  std::size_t parts = 1;
  if (const auto dot = digits.find('.'); dot != std::string_view::npos) digits = digits.substr(0, dot);
  for (auto colon = digits.find(':'); colon != std::string_view::npos; colon = digits.find(':'), ++parts) {
    if (!all_digits(digits.substr(0, colon))) return false;
    digits.remove_prefix(colon + 1);
    if (digits.size() > 2 && digits[2] != ':') return false;
  }
  return parts > 1 && all_digits(digits);
}

Result<json::value> number_of(std::string_view text, const std::string& digits) {
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc::result_out_of_range || !std::isfinite(number))
    return refuse(text, "is too large, or too small, for a number");
  if (error != std::errc() || end != digits.data() + digits.size()) return refuse(text, "is no number");
  return json::value(text.front() == '-' ? -number : number);
}

// A whole number in a base; beyond 64 bits it is a number, which the server takes where a FLOAT is due.
Result<json::value> whole_of(std::string_view text, const std::string& digits, int base) {
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (error == std::errc() && end == digits.data() + digits.size()) {
    const bool is_negative = text.front() == '-';
    if (!is_negative && magnitude > INT64_MAX) return json::value(magnitude);
    if (!is_negative) return json::value(static_cast<std::int64_t>(magnitude));
    if (magnitude <= std::uint64_t{1} << 63) return json::value(static_cast<std::int64_t>(0 - magnitude));
  }
  if (base != 10) return refuse(text, "does not fit into 64 bits");
  return number_of(text, digits);
}

bool is_based(std::string_view digits, std::string_view prefix, std::string_view of) {
  return digits.size() > prefix.size() && digits.starts_with(prefix) &&
         digits.find_first_not_of(of, prefix.size()) == std::string_view::npos &&
         digits.find_first_not_of('_', prefix.size()) != std::string_view::npos;
}

struct Decimal {
  bool is_number = false;
  bool has_dot = false;
  bool has_exponent = false;
  bool has_sign = false;  // of the exponent
};

// [digits][.digits][e[sign]digits]
Decimal decimal_of(std::string_view digits) {
  Decimal decimal;
  std::size_t at = 0;
  const auto skip = [&] {
    std::size_t count = 0;
    for (; at < digits.size() && (is_digit(digits[at]) || (at > 0 && digits[at] == '_')); ++at) {
      if (digits[at] != '_') ++count;
    }
    return count;
  };
  std::size_t count = skip();
  decimal.has_dot = at < digits.size() && digits[at] == '.';
  if (decimal.has_dot) {
    ++at;
    count += skip();
  }
  decimal.has_exponent = count > 0 && at < digits.size() && lower(digits[at]) == 'e';
  if (decimal.has_exponent) {
    ++at;
    decimal.has_sign = at < digits.size() && (digits[at] == '-' || digits[at] == '+');
    if (decimal.has_sign) ++at;
    count = skip();
  }
  decimal.is_number = count > 0 && at == digits.size();
  return decimal;
}

bool is_fraction(std::string_view digits, Dialect dialect) {
  const Decimal decimal = decimal_of(digits);
  if (!decimal.is_number) return false;
  if (dialect == Dialect::kJson) return decimal.has_dot || decimal.has_exponent;
  return decimal.has_dot && (!decimal.has_exponent || decimal.has_sign);
}

Result<json::value> resolve_number(std::string_view text, std::string_view digits, Dialect dialect) {
  if (digits == "0") return json::value(std::int64_t{0});
  if (is_based(digits, "0x", "0123456789abcdefABCDEF_"))
    return whole_of(text, without_underscores(digits.substr(2)), 16);
  if (is_based(digits, "0b", "01_")) return whole_of(text, without_underscores(digits.substr(2)), 2);
  if (all_digits(digits)) {
    if (digits.front() != '0') return whole_of(text, without_underscores(digits), 10);
    if (digits.find_first_of("89") != std::string_view::npos) return json::value(json::string(text));
    return refuse(text,
                  "begins with 0, which some YAML readers take for octal: put it in quotes for a text, or write the "
                  "number without the 0");
  }
  if (is_sexagesimal(digits)) {
    return refuse(text, "is a number of base 60 for some YAML readers: put it in quotes for a text");
  }
  if (is_fraction(digits, dialect)) return number_of(text, without_underscores(digits));
  return json::value(json::string(text));
}

}  // namespace

Result<json::value> resolve_plain_scalar(std::string_view text, Dialect dialect) {
  static constexpr std::array<std::string_view, 3> kTrue{"true", "yes", "on"};
  static constexpr std::array<std::string_view, 3> kFalse{"false", "no", "off"};
  static constexpr std::array<std::string_view, 2> kNoNumber{".inf", ".nan"};
  if (text.empty() || text == "~" || is_word(text, "null")) return json::value(nullptr);
  if (is_any_word(text, kTrue)) return json::value(true);
  if (is_any_word(text, kFalse)) return json::value(false);
  const std::string_view digits = without_sign(text);
  if (is_any_word(digits, kNoNumber) || digits == ".NaN") {
    return refuse(text, "is no number that JSON has: write null, or put it in quotes for a text");
  }
  if (digits.empty() || (!is_digit(digits.front()) && digits.front() != '.')) return json::value(json::string(text));
  return resolve_number(text, digits, dialect);
}

bool may_stand_plain(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kOneLetter{"y", "n", "null"};
  if (text.empty() || text.size() > kPlainBytes || !is_letter(text.front()) || text.back() == ' ') return false;
  const bool is_harmless = std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == ' ';
  });
  if (!is_harmless || is_any_word(text, kOneLetter)) return false;
  const auto resolved = resolve_plain_scalar(text, Dialect::kYaml);
  return resolved && resolved->is_string();
}

}  // namespace lakelift::cli
