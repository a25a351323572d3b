#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "backends/executors/sql/query.h"
#include "base/encoding.h"

namespace lakelift::executors::sql {
namespace {

using table::Datetime;
using table::Value;

std::string doubled(std::string_view text, char quote) {
  std::string out;
  out.reserve(text.size() + 2);
  out.push_back(quote);
  for (const char c : text) {
    out.push_back(c);
    if (c == quote) out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20) || c == 0x7f; }

// Trino's plain texts know no escape but the doubled quote. Control characters are spelled out, so that no log, no
// form and no protocol on the way takes one for its own.
std::string trino_text(std::string_view text) {
  if (std::ranges::none_of(text, is_control)) return doubled(text, '\'');
  std::string escaped;
  for (const char c : text) {
    if (is_control(c)) {
      escaped += fmt::format("\\{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      escaped.push_back(c);
      if (c == '\\') escaped.push_back(c);
    }
  }
  return "U&" + doubled(escaped, '\'');
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(" _-.,:/+@#()=").contains(c);
}

// How Spark reads a backslash and a doubled quote depends on its version and settings, and it replaces ${names} even
// within texts: all but plain ASCII goes as hex, which it reads in one way alone.
std::string spark_text(std::string_view text) {
  if (std::ranges::all_of(text, is_plain)) return doubled(text, '\'');
  std::string hex = hex_encode(as_bytes(text));
  for (char& c : hex) c = static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
  return "CAST(X'" + hex + "' AS STRING)";
}

std::string_view word_of(double number) {
  if (std::isnan(number)) return "NaN";
  return number > 0 ? "Infinity" : "-Infinity";
}

// The shortest text that reads back the same.
std::string number_text(double number) { return fmt::format("{}", number); }

std::string time_text(const Datetime& at, Dialect dialect) {
  Datetime written = at;
  if (dialect == Dialect::kSpark) written.nanos -= written.nanos % 1'000;
  std::string text = table::format_datetime(written);
  std::ranges::replace(text, 'T', ' ');
  return fmt::format("TIMESTAMP '{}{}'", text, dialect == Dialect::kSpark ? "Z" : "");
}

}  // namespace

std::string quoted_name(std::string_view name, Dialect dialect) {
  return doubled(name, dialect == Dialect::kTrino ? '"' : '`');
}

std::string quoted_name(const TableName& table, Dialect dialect) {
  std::string out;
  for (const auto& part : table.parts) {
    if (!out.empty()) out.push_back('.');
    out += quoted_name(part, dialect);
  }
  return out;
}

std::string literal_of(const Value& value, Dialect dialect) {
  const bool is_trino = dialect == Dialect::kTrino;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "TRUE" : "FALSE";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    return is_trino ? fmt::format("BIGINT '{}'", *whole) : fmt::format("{}L", *whole);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    if (is_trino) return fmt::format("DOUBLE '{}'", std::isfinite(*number) ? number_text(*number) : word_of(*number));
    if (std::isfinite(*number)) return number_text(*number) + "D";
    return fmt::format("CAST('{}' AS DOUBLE)", word_of(*number));
  }
  if (const auto* text = std::get_if<std::string>(&value)) return is_trino ? trino_text(*text) : spark_text(*text);
  if (const auto* at = std::get_if<Datetime>(&value)) return time_text(*at, dialect);
  return "NULL";
}

}  // namespace lakelift::executors::sql
