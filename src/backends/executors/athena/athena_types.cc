#include "backends/executors/athena/athena_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace lakelift::executors {
namespace {

using table::ColumnType;
using table::Value;

constexpr std::array<std::pair<std::string_view, ColumnType>, 15> kTypes{{{"tinyint", ColumnType::kInteger},
                                                                          {"smallint", ColumnType::kInteger},
                                                                          {"int", ColumnType::kInteger},
                                                                          {"integer", ColumnType::kInteger},
                                                                          {"bigint", ColumnType::kInteger},
                                                                          {"float", ColumnType::kFloat},
                                                                          {"real", ColumnType::kFloat},
                                                                          {"double", ColumnType::kFloat},
                                                                          {"decimal", ColumnType::kFloat},
                                                                          {"string", ColumnType::kString},
                                                                          {"varchar", ColumnType::kString},
                                                                          {"char", ColumnType::kString},
                                                                          {"boolean", ColumnType::kBoolean},
                                                                          {"date", ColumnType::kDatetime},
                                                                          {"timestamp", ColumnType::kDatetime}}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::optional<double> double_of(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::variant<ColumnType, RefusedType> type_of_athena(std::string_view name) {
  const std::string whole = lower(name);
  if (whole.contains("time zone")) {
    return RefusedType{
        "Athena can't write times with a zone to Parquet: offer a view that casts the column to timestamp"};
  }
  const std::string_view kind = std::string_view(whole).substr(0, whole.find_first_of("(<"));
  for (const auto& [known, type] : kTypes) {
    if (known == kind) return type;
  }
  if (kind == "array") return RefusedType{"lists are not offered"};
  if (kind == "map") return RefusedType{"maps are not offered"};
  if (kind == "struct" || kind == "row") return RefusedType{"structs are not offered"};
  if (kind == "binary" || kind == "varbinary") return RefusedType{"binary values are not offered"};
  return RefusedType{fmt::format("values of the type {} are not offered", whole.substr(0, 100))};
}

std::optional<Value> value_of_athena(const std::optional<std::string>& text, ColumnType type) {
  if (!text) return Value();
  switch (type) {
    case ColumnType::kInteger: {
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
      if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
      return Value(number);
    }
    case ColumnType::kFloat:
      if (const auto number = double_of(*text)) return Value(*number);
      return std::nullopt;
    case ColumnType::kString:
      return Value(*text);
    case ColumnType::kBoolean:
      if (*text == "true") return Value(true);
      if (*text == "false") return Value(false);
      return std::nullopt;
    case ColumnType::kDatetime:
      if (const auto at = table::parse_datetime(*text)) return Value(*at);
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace lakelift::executors
