#include "domain/slices/normal_key.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"

namespace lakelift::slices {
namespace {

std::optional<table::ColumnType> type_of(const table::Value& value) {
  if (std::holds_alternative<bool>(value)) return table::ColumnType::kBoolean;
  if (std::holds_alternative<std::int64_t>(value)) return table::ColumnType::kInteger;
  if (std::holds_alternative<double>(value)) return table::ColumnType::kFloat;
  if (std::holds_alternative<std::string>(value)) return table::ColumnType::kString;
  if (std::holds_alternative<table::Datetime>(value)) return table::ColumnType::kDatetime;
  return std::nullopt;
}

std::unexpected<Error> broken() { return fail(Code::kCorrupt, "a stored slice can't be read back"); }

Result<table::Filter> filter_from(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return broken();
  const auto name = find_string(*object, "name");
  const auto symbol = find_string(*object, "operator");
  const auto type_name = find_string(*object, "type");
  const auto* literal = find(*object, "value");
  if (!name || !symbol || !type_name || literal == nullptr) return broken();
  const auto op = table::operator_of(*symbol);
  const auto type = table::column_type_of(*type_name);
  if (!op || !type) return broken();
  TRY(auto read, table::value_from_json(*literal, *type, false));
  return table::Filter{*name, *op, std::move(read)};
}

}  // namespace

std::string normal_key(std::int64_t item_id, std::string_view source_version, const table::SliceSpec& normalised) {
  // Lengths first, so that no two triples make one text.
  return sha256_hex(
      fmt::format("{}:{}:{}:{}", item_id, source_version.size(), source_version, table::canonical_text(normalised)));
}

std::string to_stored_text(const table::SliceSpec& spec) {
  json::object object = table::to_json(spec);
  json::array filters;
  for (const auto& filter : spec.filters) {
    const auto type = type_of(filter.value);
    filters.push_back(json::object{{"name", filter.name},
                                   {"operator", table::symbol_of(filter.op)},
                                   {"type", type ? table::name_of(*type) : std::string_view("")},
                                   {"value", table::to_json(filter.value)}});
  }
  object["filters"] = std::move(filters);
  return to_canonical_text(object);
}

Result<table::SliceSpec> spec_from_stored_text(std::string_view text) {
  TRY(const json::value value, parse_json(text));
  const auto* object = value.if_object();
  if (object == nullptr) return broken();
  const auto* columns = find(*object, "columns");
  const auto* filters = find(*object, "filters");
  const auto ratio = find_number(*object, "randomize_ratio");
  if (columns == nullptr || !columns->is_array() || filters == nullptr || !filters->is_array() || !ratio) {
    return broken();
  }
  table::SliceSpec spec;
  spec.ratio = *ratio;
  for (const auto& column : columns->get_array()) {
    if (!column.is_string()) return broken();
    spec.columns.emplace_back(column.get_string());
  }
  for (const auto& filter : filters->get_array()) {
    TRY(auto read, filter_from(filter));
    spec.filters.push_back(std::move(read));
  }
  return spec;
}

}  // namespace lakelift::slices
