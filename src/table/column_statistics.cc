#include "table/column_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/limits.h"
#include "table/distribution.h"

namespace lakelift::table {
namespace {

json::value or_null(const std::optional<Value>& value) { return value ? to_json(*value) : json::value(nullptr); }
template <typename T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::array histogram_to_json(const std::vector<Bin>& bins) {
  json::array out;
  for (const auto& [minimum, maximum, count] : bins) {
    out.push_back(json::object{{"value_min", to_json(minimum)}, {"value_max", to_json(maximum)}, {"count", count}});
  }
  return out;
}

bool is_number(ColumnType type) { return type == ColumnType::kInteger || type == ColumnType::kFloat; }

// Reads one object; the first thing that is wrong is told.
class StatisticsReader {
 public:
  explicit StatisticsReader(const json::object& object) : object_(object) {}

  Result<ColumnStatistics> read() {
    if (auto name = find_string(object_, "name")) out_.name = *std::move(name);
    if (out_.name.empty()) return bad("name");
    const auto type = column_type_of(find_string(object_, "type").value_or(""));
    if (!type) return bad("type");
    out_.type = *type;
    TRY_VOID(read_counts());
    TRY_VOID(read_numbers());
    TRY(out_.minimum, value_at("min"));
    TRY(out_.maximum, value_at("max"));
    TRY_VOID(read_histogram());
    TRY_VOID(read_top_values());
    TRY_VOID(check_sense());
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::unexpected<Error> bad(std::string_view key) const {
    return fail(Code::kInvalid,
                fmt::format("statistics of the column '{}': {} is missing or not as it should be", out_.name, key));
  }

  Result<void> read_counts() {
    TRY(out_.nulls, count_at("nulls"));
    TRY(out_.distinct, count_at("distinct"));
    TRY(out_.minimum_length, count_at("min_length"));
    TRY(out_.maximum_length, count_at("max_length"));
    TRY(out_.not_finite, count_at("not_finite"));
    const auto exact = find_bool(object_, "distinct_is_exact");
    if (!exact) return bad("distinct_is_exact");
    out_.distinct_is_exact = *exact;
    const auto partial = find_bool(object_, "is_partial");
    if (!partial) return bad("is_partial");
    out_.is_partial = *partial;
    return {};
  }

  Result<void> read_numbers() {
    TRY(out_.null_share, number_at("null_share"));
    TRY(out_.true_share, number_at("true_share"));
    TRY(out_.mean, number_at("mean"));
    TRY(out_.standard_deviation, number_at("std"));
    TRY(out_.median, number_at("median"));
    return {};
  }

  Result<const json::value*> member(std::string_view key) const {
    if (const auto* value = find(object_, key)) return value;
    return bad(key);
  }

  Result<std::optional<std::int64_t>> count_at(std::string_view key) const {
    TRY(const json::value* value, member(key));
    if (value->is_null()) return std::nullopt;
    if (!value->is_int64() || value->get_int64() < 0) return bad(key);
    return value->get_int64();
  }

  Result<std::optional<double>> number_at(std::string_view key) const {
    TRY(const json::value* value, member(key));
    if (value->is_null()) return std::nullopt;
    if (!value->is_number() || !std::isfinite(value->to_number<double>())) return bad(key);
    return value->to_number<double>();
  }

  Result<std::optional<Value>> value_at(std::string_view key) const {
    TRY(const json::value* json, member(key));
    if (json->is_null()) return std::nullopt;
    auto value = value_from_json(*json, out_.type, false);
    if (!value) return bad(key);
    return std::optional(*std::move(value));
  }

  Result<const json::array*> list_at(std::string_view key) const {
    TRY(const json::value* value, member(key));
    if (!value->is_array() || value->get_array().size() > limits::kDistributionValues) return bad(key);
    return &value->get_array();
  }

  Result<void> read_histogram() {
    TRY(const json::array* list, list_at("histogram"));
    for (const auto& element : *list) {
      const auto* entry = element.if_object();
      if (entry == nullptr || !is_number(out_.type)) return bad("histogram");
      const auto* low = find(*entry, "value_min");
      const auto* high = find(*entry, "value_max");
      const auto count = find_int(*entry, "count");
      if (low == nullptr || high == nullptr || !count || *count < 0) return bad("histogram");
      auto minimum = value_from_json(*low, out_.type, false);
      auto maximum = value_from_json(*high, out_.type, false);
      if (!minimum || !maximum || *maximum < *minimum) return bad("histogram");
      if (!out_.histogram.empty() && out_.histogram.back().maximum != *minimum) return bad("histogram");
      out_.histogram.push_back({*std::move(minimum), *std::move(maximum), *count});
    }
    return {};
  }

  Result<void> read_top_values() {
    TRY(const json::array* list, list_at("top_values"));
    for (const auto& element : *list) {
      const auto* entry = element.if_object();
      const auto* json = entry == nullptr ? nullptr : find(*entry, "value");
      const auto count = entry == nullptr ? std::nullopt : find_int(*entry, "count");
      if (json == nullptr || !count || *count < 1) return bad("top_values");
      auto value = value_from_json(*json, out_.type, false);
      if (!value || (!out_.top_values.empty() && out_.top_values.back().count < *count)) return bad("top_values");
      out_.top_values.push_back({*std::move(value), *count});
    }
    return {};
  }

  [[nodiscard]] Result<void> check_sense() const {
    const auto is_share = [](const std::optional<double>& share) { return !share || (*share >= 0 && *share <= 1); };
    if (!is_share(out_.null_share)) return bad("null_share");
    if (!is_share(out_.true_share)) return bad("true_share");
    if (out_.standard_deviation && *out_.standard_deviation < 0) return bad("std");
    if (out_.minimum.has_value() != out_.maximum.has_value()) return bad("max");
    if (out_.minimum && *out_.maximum < *out_.minimum) return bad("max");
    if (out_.minimum_length && out_.maximum_length && *out_.maximum_length < *out_.minimum_length) {
      return bad("max_length");
    }
    return {};
  }

  const json::object& object_;
  ColumnStatistics out_;
};

}  // namespace

json::object to_json(const ColumnStatistics& s) {
  return {{"name", s.name},
          {"type", name_of(s.type)},
          {"nulls", or_null(s.nulls)},
          {"null_share", or_null(s.null_share)},
          {"distinct", or_null(s.distinct)},
          {"distinct_is_exact", s.distinct_is_exact},
          {"min", or_null(s.minimum)},
          {"max", or_null(s.maximum)},
          {"mean", or_null(s.mean)},
          {"std", or_null(s.standard_deviation)},
          {"median", or_null(s.median)},
          {"min_length", or_null(s.minimum_length)},
          {"max_length", or_null(s.maximum_length)},
          {"true_share", or_null(s.true_share)},
          {"not_finite", or_null(s.not_finite)},
          {"histogram", histogram_to_json(s.histogram)},
          {"top_values", to_json(s.top_values)},
          {"is_partial", s.is_partial}};
}

json::array to_json(const std::vector<ColumnStatistics>& statistics) {
  json::array out;
  for (const auto& one : statistics) out.push_back(to_json(one));
  return out;
}

Result<ColumnStatistics> statistics_from_json(const json::value& json) {
  if (const auto* object = json.if_object()) return StatisticsReader(*object).read();
  return fail(Code::kInvalid, "statistics of a column: an object is expected");
}

Result<std::vector<ColumnStatistics>> statistics_list_from_json(const json::value& json) {
  const auto* array = json.if_array();
  if (array == nullptr || array->size() > limits::kColumns) {
    return fail(Code::kInvalid, fmt::format("statistics: a list of at most {} is expected", limits::kColumns));
  }
  std::vector<ColumnStatistics> out;
  std::unordered_set<std::string> names;
  for (const auto& element : *array) {
    TRY(ColumnStatistics one, statistics_from_json(element));
    if (!names.insert(one.name).second) {
      return fail(Code::kInvalid, fmt::format("statistics of the column '{}' are there twice", one.name));
    }
    out.push_back(std::move(one));
  }
  return out;
}

const ColumnStatistics* find_statistics(const std::vector<ColumnStatistics>& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &ColumnStatistics::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace lakelift::table
