#include "table/region.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "table/column_filters.h"
#include "table/value_interval.h"

namespace lakelift::table {
namespace {

ColumnType type_of(const Value& value) {
  switch (value.index()) {
    case 1:
      return ColumnType::kBoolean;
    case 2:
      return ColumnType::kInteger;
    case 3:
      return ColumnType::kFloat;
    case 5:
      return ColumnType::kDatetime;
    default:
      return ColumnType::kString;
  }
}

std::vector<Filter> bounds_of(const Range& range) {
  std::vector<Filter> bounds;
  if (range.minimum) bounds.push_back({range.column, Operator::kGreaterEqual, *range.minimum});
  if (range.maximum) bounds.push_back({range.column, Operator::kLess, *range.maximum});
  return bounds;
}

std::unexpected<Error> broken() { return fail(Code::kCorrupt, "a stored part of a table can't be read"); }

// JSON has no number for the infinities, and no text of ours for years beyond 0000 to 9999.
json::value bound_to_json(const std::optional<Value>& bound) {
  if (!bound) return nullptr;
  if (const auto* number = std::get_if<double>(&*bound); number != nullptr && std::isinf(*number)) {
    return *number > 0 ? "inf" : "-inf";
  }
  if (const auto* at = std::get_if<Datetime>(&*bound); at != nullptr && parse_datetime(format_datetime(*at)) != *at) {
    return json::array{at->seconds, at->nanos};
  }
  return lakelift::table::to_json(*bound);
}

std::optional<double> infinity_of(const json::value& json) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (json == "inf") return kInfinity;
  if (json == "-inf") return -kInfinity;
  return std::nullopt;
}

std::optional<Datetime> far_datetime_of(const json::value& json) {
  const auto* pair = json.if_array();
  if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_int64()) return std::nullopt;
  const auto nanos = (*pair)[1].is_int64() ? (*pair)[1].get_int64() : -1;
  if (nanos < 0 || nanos >= 1'000'000'000) return std::nullopt;
  return Datetime{(*pair)[0].get_int64(), static_cast<std::uint32_t>(nanos)};
}

Result<std::optional<Value>> bound_at(const json::object& object, std::string_view key, ColumnType type) {
  const auto* value = find(object, key);
  if (value == nullptr) return broken();
  if (value->is_null()) return std::nullopt;
  if (type == ColumnType::kFloat) {
    if (const auto infinity = infinity_of(*value)) return Value(*infinity);
  }
  if (type == ColumnType::kDatetime) {
    if (const auto at = far_datetime_of(*value)) return Value(*at);
  }
  auto read = value_from_json(*value, type, false);
  if (!read) return broken();
  return *std::move(read);
}

Result<Range> range_from_json(const json::value& json) {
  const auto* object = json.if_object();
  if (object == nullptr) return broken();
  const auto* column = find(*object, "column");
  const auto* type_name = find(*object, "type");
  const auto* with_nulls = find(*object, "with_nulls");
  if (column == nullptr || !column->is_string() || type_name == nullptr || !type_name->is_string() ||
      with_nulls == nullptr || !with_nulls->is_bool()) {
    return broken();
  }
  const auto type = column_type_of(type_name->get_string());
  if (!type) return broken();
  Range range;
  range.column = std::string(column->get_string());
  TRY(range.minimum, bound_at(*object, "minimum", *type));
  TRY(range.maximum, bound_at(*object, "maximum", *type));
  range.with_nulls = with_nulls->get_bool();
  return range;
}

json::object to_json(const Range& range) {
  const Value& like = range.minimum ? *range.minimum : range.maximum.value_or(Value());
  return {{"column", range.column},
          {"type", name_of(type_of(like))},
          {"minimum", bound_to_json(range.minimum)},
          {"maximum", bound_to_json(range.maximum)},
          {"with_nulls", range.with_nulls}};
}

}  // namespace

bool lies_in(const Value& value, const Range& range) {
  if (is_null(value)) return range.with_nulls;
  if (!is_literal(value)) return !range.maximum;  // NaN is above every bound, +infinity too
  const Key key = key_of(value);
  return !(range.minimum && key < key_of(*range.minimum)) && !(range.maximum && key >= key_of(*range.maximum));
}

bool may_overlap(const Box& box, const std::vector<Filter>& filters) {
  return std::ranges::all_of(box, [&](const Range& range) {
    const std::vector<Filter> bounds = bounds_of(range);
    std::vector<const Filter*> both;
    for (const auto& filter : filters) {
      if (filter.name == range.column) both.push_back(&filter);
    }
    // Null passes no filter: where there is one, it lies in no range.
    if (both.empty() && range.with_nulls) return true;
    for (const auto& bound : bounds) both.push_back(&bound);
    if (both.empty()) return true;
    const auto column = ColumnFilters::of(both);
    return !column || !column->kept(column->all()).empty();
  });
}

bool may_overlap(const Box& one, const Box& other) {
  return std::ranges::all_of(one, [&](const Range& range) {
    const auto same = std::ranges::find(other, range.column, &Range::column);
    if (same == other.end() || (range.with_nulls && same->with_nulls)) return true;
    std::vector<Filter> bounds = bounds_of(range);
    const auto more = bounds_of(*same);
    bounds.insert(bounds.end(), more.begin(), more.end());
    if (bounds.empty()) return true;
    std::vector<const Filter*> both;
    for (const auto& bound : bounds) both.push_back(&bound);
    const auto column = ColumnFilters::of(both);
    return !column || !column->kept(column->all()).empty();
  });
}

std::vector<Filter> filters_of(const Box& box) {
  std::vector<Filter> filters;
  for (const auto& range : box) {
    if (range.with_nulls) continue;
    const auto bounds = bounds_of(range);
    filters.insert(filters.end(), bounds.begin(), bounds.end());
  }
  return filters;
}

json::array to_json(const Region& region) {
  json::array out;
  for (const auto& box : region) {
    json::array ranges;
    for (const auto& range : box) ranges.push_back(to_json(range));
    out.push_back(std::move(ranges));
  }
  return out;
}

Result<Region> region_from_json(const json::value& json) {
  const auto* boxes = json.if_array();
  if (boxes == nullptr) return broken();
  Region region;
  for (const auto& element : *boxes) {
    const auto* ranges = element.if_array();
    if (ranges == nullptr) return broken();
    Box box;
    std::unordered_set<std::string> columns;
    for (const auto& range : *ranges) {
      TRY(Range read, range_from_json(range));
      if (!columns.insert(read.column).second) return broken();
      box.push_back(std::move(read));
    }
    region.push_back(std::move(box));
  }
  return region;
}

}  // namespace lakelift::table
