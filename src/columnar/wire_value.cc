#include "columnar/wire_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include "base/limits.h"

namespace lakelift::columnar::wire {
namespace {

using table::ColumnType;
using table::Value;

Result<Value> to_datetime(const json::value& value) {
  const auto* parts = value.if_array();
  if (parts == nullptr || parts->size() != 2) return bad("a DATETIME value");
  const auto* seconds = (*parts)[0].if_int64();
  const auto* nanos = (*parts)[1].if_int64();
  if (seconds == nullptr || nanos == nullptr || *nanos < 0 || *nanos >= 1'000'000'000) return bad("a DATETIME value");
  return table::Datetime{*seconds, static_cast<std::uint32_t>(*nanos)};
}

json::array from_distribution(const table::Distribution& distribution) {
  json::array out;
  for (const auto& entry : distribution) out.push_back(json::array{from_value(entry.value), entry.count});
  return out;
}

Result<table::Distribution> to_distribution(const json::array& array, ColumnType type) {
  table::Distribution out;
  for (const auto& element : array) {
    const auto* entry = element.if_array();
    if (entry == nullptr || entry->size() != 2) return bad("a distribution's entry");
    const auto* count = entry->back().if_int64();
    if (count == nullptr || *count < 0) return bad("a distribution's count");
    TRY(Value value, to_value(entry->front(), type, true));
    out.push_back({std::move(value), *count});
  }
  return out;
}

json::object from_column(const table::Column& column) {
  json::object out{{"name", column.name},
                   {"type", table::name_of(column.type)},
                   {"nullable", column.is_nullable},
                   {"enum", column.is_enum}};
  if (column.size) out["size"] = *column.size;
  if (column.description) out["description"] = *column.description;
  if (column.distribution) out["values"] = from_distribution(*column.distribution);
  return out;
}

Result<table::Column> to_column(const json::value& value) {
  TRY(const json::object* object, to_object(value, "a column"));
  table::Column column;
  TRY(column.name, text_at(*object, "name"));
  TRY(const std::string type, text_at(*object, "type"));
  const auto known = table::column_type_of(type);
  if (!known) return bad("a column's type");
  column.type = *known;
  TRY(column.is_nullable, bool_at(*object, "nullable"));
  TRY(column.is_enum, bool_at(*object, "enum"));
  if (find(*object, "size") != nullptr) {
    TRY(column.size, count_at(*object, "size"));
  }
  if (find(*object, "description") != nullptr) {
    TRY(column.description, text_at(*object, "description"));
  }
  if (find(*object, "values") != nullptr) {
    TRY(const json::array* values, array_at(*object, "values", limits::kDistributionValues));
    TRY(column.distribution, to_distribution(*values, column.type));
  }
  return column;
}

constexpr std::size_t kEventBytes = 64;
constexpr std::size_t kMessageBytes = 2'048;
constexpr std::size_t kErrorFields = 32;

bool is_event_char(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// At most kMessageBytes, cut where a character ends, without control characters.
std::string shortened(std::string text) {
  if (text.size() > kMessageBytes) {
    std::size_t end = kMessageBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
  }
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::optional<FieldError> to_field(const json::value& value) {
  const auto* pair = value.if_array();
  if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_array()) return std::nullopt;
  FieldError field{shortened(std::string((*pair)[0].get_string())), {}};
  for (const auto& text : (*pair)[1].get_array()) {
    if (text.is_string() && field.texts.size() < kErrorFields) {
      field.texts.push_back(shortened(std::string(text.get_string())));
    }
  }
  return field;
}

}  // namespace

std::unexpected<Error> bad(std::string_view what) {
  return fail(Code::kInvalid, fmt::format("{} is missing or not as it should be", what));
}

json::value from_double(double number) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, number);
  return json::string(text, end.ptr);
}

Result<double> to_double(const json::value& value) {
  const auto* text = value.if_string();
  if (text == nullptr) return bad("a number");
  double number = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return bad("a number");
  return number;
}

json::value from_value(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return from_double(*number);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* text = std::get_if<std::string>(&value)) return json::string(*text);
  if (const auto* at = std::get_if<table::Datetime>(&value)) return json::array{at->seconds, at->nanos};
  return nullptr;
}

Result<Value> to_value(const json::value& value, ColumnType type, bool nullable) {
  if (value.is_null()) {
    if (nullable) return Value();
    return bad("a value");
  }
  switch (type) {
    case ColumnType::kInteger:
      if (value.is_int64()) return value.get_int64();
      return bad("an INTEGER value");
    case ColumnType::kFloat: {
      TRY(const double number, to_double(value));
      return number;
    }
    case ColumnType::kString:
      if (value.is_string()) return std::string(value.get_string());
      return bad("a STRING value");
    case ColumnType::kBoolean:
      if (value.is_bool()) return value.get_bool();
      return bad("a BOOLEAN value");
    case ColumnType::kDatetime:
      return to_datetime(value);
  }
  return bad("a value's type");
}

json::array from_columns(const table::Columns& columns) {
  json::array out;
  for (const auto& column : columns) out.push_back(from_column(column));
  return out;
}

Result<table::Columns> to_columns(const json::value& value) {
  const auto* array = value.if_array();
  if (array == nullptr || array->size() > limits::kColumns) return bad("the list of columns");
  table::Columns columns;
  std::unordered_set<std::string> names;
  for (const auto& element : *array) {
    TRY(table::Column column, to_column(element));
    if (!names.insert(column.name).second) return bad("a column's name, which stands twice,");
    columns.push_back(std::move(column));
  }
  return columns;
}

json::object from_error(const Error& error) {
  json::array fields;
  for (const auto& field : error.fields) {
    fields.push_back(json::array{json::string(field.field), json::array(field.texts.begin(), field.texts.end())});
  }
  return {{"code", code_name(error.code)},
          {"event", error.event},
          {"message", error.message},
          {"fields", std::move(fields)}};
}

Error to_error(const json::value& value) {
  Error error;
  const auto* object = value.if_object();
  if (object == nullptr) return error;
  const std::string code = find_string(*object, "code").value_or("");
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    if (code_name(static_cast<Code>(i)) == code) error.code = static_cast<Code>(i);
  }
  error.event = find_string(*object, "event").value_or("");
  if (error.event.size() > kEventBytes || !std::ranges::all_of(error.event, is_event_char)) error.event.clear();
  error.message = shortened(find_string(*object, "message").value_or(""));
  const auto* fields = find(*object, "fields");
  if (fields == nullptr || !fields->is_array()) return error;
  for (const auto& element : fields->get_array()) {
    if (error.fields.size() == kErrorFields) break;
    if (auto field = to_field(element)) error.fields.push_back(*std::move(field));
  }
  return error;
}

Result<const json::object*> to_object(const json::value& value, std::string_view what) {
  if (const auto* object = value.if_object()) return object;
  return bad(what);
}

Result<const json::array*> array_at(const json::object& object, std::string_view key, std::size_t most) {
  const auto* value = find(object, key);
  if (value == nullptr || !value->is_array() || value->get_array().size() > most) return bad(key);
  return &value->get_array();
}

Result<std::string> text_at(const json::object& object, std::string_view key) {
  if (auto text = find_string(object, key)) return *std::move(text);
  return bad(key);
}

Result<std::int64_t> count_at(const json::object& object, std::string_view key) {
  const auto number = find_int(object, key);
  if (!number || *number < 0) return bad(key);
  return *number;
}

Result<bool> bool_at(const json::object& object, std::string_view key) {
  if (const auto flag = find_bool(object, key)) return *flag;
  return bad(key);
}

}  // namespace lakelift::columnar::wire
