#include "domain/slices/chunk_columns.h"

namespace lakelift::slices {
namespace {

std::unexpected<Error> broken() { return fail(Code::kCorrupt, "a stored chunk can't be read"); }

table::ColumnType type_of(const table::Value& value) {
  if (std::holds_alternative<bool>(value)) return table::ColumnType::kBoolean;
  if (std::holds_alternative<std::int64_t>(value)) return table::ColumnType::kInteger;
  if (std::holds_alternative<double>(value)) return table::ColumnType::kFloat;
  if (std::holds_alternative<table::Datetime>(value)) return table::ColumnType::kDatetime;
  return table::ColumnType::kString;
}

Result<table::Value> value_at(const json::object& object, std::string_view key, table::ColumnType type) {
  const auto* value = find(object, key);
  if (value == nullptr) return broken();
  auto read = table::value_from_json(*value, type, true);
  if (!read) return broken();
  return *std::move(read);
}

Result<std::int64_t> count_at(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr || !value->is_int64()) return broken();
  return value->get_int64();
}

// Bins are of doubles, whatever the column's type.
Result<std::vector<table::Bin>> bins_from(const json::value& value) {
  std::vector<table::Bin> bins;
  if (value.is_null()) return bins;
  if (!value.is_array()) return broken();
  for (const auto& element : value.get_array()) {
    if (!element.is_object()) return broken();
    table::Bin bin;
    TRY(bin.minimum, value_at(element.get_object(), "value_min", table::ColumnType::kFloat));
    TRY(bin.maximum, value_at(element.get_object(), "value_max", table::ColumnType::kFloat));
    TRY(bin.count, count_at(element.get_object(), "count"));
    bins.push_back(std::move(bin));
  }
  return bins;
}

}  // namespace

json::array chunk_columns_to_json(const std::vector<executors::ChunkColumn>& columns) {
  json::array out;
  for (const auto& column : columns) {
    json::value distribution = nullptr;
    if (!column.distribution.empty()) {
      json::array bins;
      for (const auto& bin : column.distribution) {
        bins.push_back(json::object{{"value_min", table::to_json(bin.minimum)},
                                    {"value_max", table::to_json(bin.maximum)},
                                    {"count", bin.count}});
      }
      distribution = std::move(bins);
    }
    out.push_back(json::object{{"column", column.name},
                               {"type", table::name_of(type_of(column.minimum))},
                               {"minimum", table::to_json(column.minimum)},
                               {"maximum", table::to_json(column.maximum)},
                               {"nulls", column.nulls},
                               {"distribution", std::move(distribution)}});
  }
  return out;
}

Result<std::vector<executors::ChunkColumn>> chunk_columns_from_json(const json::value& json) {
  if (!json.is_array()) return broken();
  std::vector<executors::ChunkColumn> columns;
  for (const auto& element : json.get_array()) {
    if (!element.is_object()) return broken();
    const auto& object = element.get_object();
    const auto* name = find(object, "column");
    const auto* type_name = find(object, "type");
    const auto* distribution = find(object, "distribution");
    if (name == nullptr || !name->is_string() || type_name == nullptr || !type_name->is_string() ||
        distribution == nullptr) {
      return broken();
    }
    const auto type = table::column_type_of(type_name->get_string());
    if (!type) return broken();
    executors::ChunkColumn column;
    column.name = std::string(name->get_string());
    TRY(column.minimum, value_at(object, "minimum", *type));
    TRY(column.maximum, value_at(object, "maximum", *type));
    TRY(column.nulls, count_at(object, "nulls"));
    TRY(column.distribution, bins_from(*distribution));
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace lakelift::slices
