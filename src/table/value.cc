#include "table/value.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/encoding.h"

namespace lakelift::table {
namespace {

constexpr std::array<std::pair<ColumnType, std::string_view>, 5> kTypeNames{{{ColumnType::kInteger, "INTEGER"},
                                                                             {ColumnType::kFloat, "FLOAT"},
                                                                             {ColumnType::kString, "STRING"},
                                                                             {ColumnType::kBoolean, "BOOLEAN"},
                                                                             {ColumnType::kDatetime, "DATETIME"}}};

std::string_view expected(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
      return "a whole number of 64 bits (INTEGER)";
    case ColumnType::kFloat:
      return "a finite number (FLOAT)";
    case ColumnType::kString:
      return "a text (STRING)";
    case ColumnType::kBoolean:
      return "true or false (BOOLEAN)";
    case ColumnType::kDatetime:
      return "a date or time such as \"2013-01-05\" or \"2013-01-05T06:00:00Z\" (DATETIME)";
  }
  return "a value";
}

// Cut on a character's border, so that the message stays valid UTF-8.
std::string shortened(std::string_view text) {
  constexpr std::size_t kShownBytes = 60;
  if (text.size() <= kShownBytes) return std::string(text);
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string shown(const json::value& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  return shortened(json::serialize(value));
}

std::unexpected<Error> refuse(ColumnType type, std::string_view got) {
  return fail(Code::kInvalid, fmt::format("Expected {}, got {}.", expected(type), got));
}

template <typename Number>
std::optional<Number> whole_text_as(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, number);
  if (text.empty() || ec != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<bool> bool_of(std::string_view text) {
  std::string lower;
  for (const char c : text.substr(0, 6)) lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  if (lower == "true") return true;
  if (lower == "false") return false;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(ColumnType type) {
  for (const auto& [known, name] : kTypeNames) {
    if (known == type) return name;
  }
  return "STRING";
}

std::optional<ColumnType> column_type_of(std::string_view name) {
  for (const auto& [type, known] : kTypeNames) {
    if (known == name) return type;
  }
  return std::nullopt;
}

json::value to_json(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* number = std::get_if<double>(&value)) {
    return std::isfinite(*number) ? json::value(*number) : json::value(nullptr);
  }
  if (const auto* text = std::get_if<std::string>(&value)) return json::value(json::string(*text));
  if (const auto* at = std::get_if<Datetime>(&value)) return json::value(json::string(format_datetime(*at)));
  return nullptr;
}

Result<Value> value_from_json(const json::value& json, ColumnType type, bool nullable) {
  if (json.is_null() && nullable) return Value();
  switch (type) {
    case ColumnType::kInteger:
      if (json.is_int64()) return Value(json.get_int64());
      if (json.is_uint64() && std::in_range<std::int64_t>(json.get_uint64())) {
        return Value(static_cast<std::int64_t>(json.get_uint64()));
      }
      break;
    case ColumnType::kFloat:
      if (json.is_int64()) return Value(static_cast<double>(json.get_int64()));
      if (json.is_uint64()) return Value(static_cast<double>(json.get_uint64()));
      if (json.is_double() && std::isfinite(json.get_double())) return Value(json.get_double());
      break;
    case ColumnType::kString:
      if (json.is_string()) return Value(std::string(json.get_string()));
      break;
    case ColumnType::kBoolean:
      if (json.is_bool()) return Value(json.get_bool());
      break;
    case ColumnType::kDatetime:
      if (json.is_string()) {
        if (const auto at = parse_datetime(json.get_string())) return Value(*at);
      }
      break;
  }
  return refuse(type, shown(json));
}

Result<Value> value_from_text(std::string_view text, ColumnType type) {
  if (!is_valid_utf8(text)) return refuse(type, "bytes that are not UTF-8");
  switch (type) {
    case ColumnType::kInteger:
      if (const auto whole = whole_text_as<std::int64_t>(text)) return Value(*whole);
      break;
    case ColumnType::kFloat:
      if (const auto number = whole_text_as<double>(text); number && std::isfinite(*number)) return Value(*number);
      break;
    case ColumnType::kString:
      return Value(std::string(text));
    case ColumnType::kBoolean:
      if (const auto flag = bool_of(text)) return Value(*flag);
      break;
    case ColumnType::kDatetime:
      if (const auto at = parse_datetime(text)) return Value(*at);
      break;
  }
  return refuse(type, fmt::format("'{}'", shortened(text)));
}

}  // namespace lakelift::table
