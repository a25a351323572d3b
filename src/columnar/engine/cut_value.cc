#include "columnar/engine/cut_value.h"

#include <cmath>
#include <limits>

#include "columnar/engine/cell_view.h"

namespace lakelift::columnar {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_inside_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool is_nan(const table::Value& value) {
  const auto* number = std::get_if<double>(&value);
  return number != nullptr && std::isnan(*number);
}

char32_t decode(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead;
  char32_t point = lead & (0x7FU >> character.size());
  for (const char byte : character.substr(1)) point = point << 6 | (static_cast<unsigned char>(byte) & 0x3FU);
  return point;
}

void encode(char32_t point, std::string& out) {
  const auto tail = [&](int shift) { out.push_back(static_cast<char>(0x80U | (point >> shift & 0x3FU))); };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0U | point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0U | point >> 12));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0U | point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

std::string_view cut_text_key(std::string_view text) {
  if (text.size() <= kCutTextChars) return text;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_inside_character(text[i])) continue;
    if (characters++ == kCutTextChars) return text.substr(0, i);
  }
  return text;
}

std::optional<std::string> text_above(std::string_view key) {
  constexpr char32_t kLast = 0x10FFFF;
  while (!key.empty()) {
    std::size_t begin = key.size() - 1;
    while (begin > 0 && is_inside_character(key[begin])) --begin;
    char32_t point = decode(key.substr(begin));
    key = key.substr(0, begin);
    if (point >= kLast) continue;
    ++point;
    if (point == 0xD800) point = 0xE000;  // surrogates are no characters
    std::string above(key);
    encode(point, above);
    return above;
  }
  return std::nullopt;
}

table::Value cut_value_at(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return {};
  if (array.type_id() == arrow::Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
    return cut_value_at(*dictionary.dictionary(), dictionary.GetValueIndex(row));
  }
  if (contract_type_of(*array.type()) == table::ColumnType::kString) {
    return std::string(cut_text_key(text_at(array, row)));
  }
  return value_at(array, row);
}

bool value_less(const table::Value& a, const table::Value& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x == nullptr || y == nullptr) return a < b;  // null has the smallest index
  if (std::isnan(*x) || std::isnan(*y)) return !std::isnan(*x) && std::isnan(*y);
  return *x < *y;
}

std::optional<table::Value> border_at(const table::Value& value, const table::Value& below) {
  if (!is_nan(value)) return value;
  if (below == table::Value(kInfinity)) return std::nullopt;
  return table::Value(kInfinity);
}

}  // namespace lakelift::columnar
