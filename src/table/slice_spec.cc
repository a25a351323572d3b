#include "table/slice_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/limits.h"
#include "table/comparison.h"
#include "table/validation.h"

namespace lakelift::table {
namespace {

constexpr std::array<std::pair<Operator, std::string_view>, 6> kSymbols{{{Operator::kGreater, ">"},
                                                                         {Operator::kGreaterEqual, ">="},
                                                                         {Operator::kLess, "<"},
                                                                         {Operator::kLessEqual, "<="},
                                                                         {Operator::kEqual, "="},
                                                                         {Operator::kNotEqual, "!="}}};

// Reads one spec against its table. Lookups are hashed: a spec with 10,000 columns of 10,000 stays linear.
class SpecReader {
 public:
  SpecReader(const Columns& table, Faults& faults) : faults_(faults) {
    for (const auto& column : table) {
      by_name_.emplace(column.name, &column);
      names_.emplace_back(column.name);
    }
  }

  SliceSpec read(const json::object& object) {
    SliceSpec spec;
    check_keys(object, {"columns"}, {"filters", "randomize_ratio"}, "", faults_);
    if (const auto* columns = find(object, "columns")) spec.columns = read_columns(*columns);
    if (const auto* filters = find(object, "filters")) spec.filters = read_filters(*filters);
    if (const auto* ratio = find(object, "randomize_ratio")) spec.ratio = read_ratio(*ratio);
    return spec;
  }

 private:
  std::vector<std::string> read_columns(const json::value& json) {
    const auto* array = json.if_array();
    if (array == nullptr || array->empty() || array->size() > limits::kColumns) {
      faults_.add("columns", fmt::format("Expected a list of 1 to {} column names.", limits::kColumns));
      return {};
    }
    std::vector<std::string> columns;
    std::unordered_set<const Column*> seen;
    for (std::size_t i = 0; i < array->size() && !faults_.full(); ++i) {
      const std::string path = join_path("columns", i);
      const Column* column = read_name((*array)[i], path);
      if (column == nullptr) continue;
      if (!seen.insert(column).second) {
        faults_.add(path, fmt::format("The column '{}' is asked for twice.", column->name));
      }
      columns.push_back(column->name);
    }
    return columns;
  }

  std::vector<Filter> read_filters(const json::value& json) {
    const auto* array = json.if_array();
    if (array == nullptr || array->size() > limits::kFilters) {
      faults_.add("filters", fmt::format("Expected a list of at most {} filters.", limits::kFilters));
      return {};
    }
    std::vector<Filter> filters;
    for (std::size_t i = 0; i < array->size() && !faults_.full(); ++i) {
      const std::string path = join_path("filters", i);
      const auto* object = (*array)[i].if_object();
      if (object == nullptr) {
        faults_.add(path, "Expected an object: {name, operator, value}.");
      } else if (check_keys(*object, {"name", "operator", "value"}, {}, path, faults_)) {
        filters.push_back(read_filter(*object, path));
      }
    }
    return filters;
  }

  Filter read_filter(const json::object& object, const std::string& path) {
    Filter filter;
    const Column* column = read_name(object.at("name"), path + ".name");
    if (column == nullptr) return filter;
    filter.name = column->name;
    const std::string symbol = find_string(object, "operator").value_or("");
    const auto allowed = operators_of(column->type);
    const auto op = operator_of(symbol);
    if (!op || std::ranges::find(allowed, *op) == allowed.end()) {
      faults_.add(path + ".operator",
                  fmt::format("Expected one of {} for a {} column.", symbols_of(allowed), name_of(column->type)));
    }
    filter.op = op.value_or(Operator::kEqual);
    auto value = checked_literal(value_from_json(object.at("value"), column->type, false));
    if (value) {
      filter.value = *std::move(value);
    } else {
      faults_.add(path + ".value", value.error().message);
    }
    return filter;
  }

  double read_ratio(const json::value& json) {
    const auto value = value_from_json(json, ColumnType::kFloat, false);
    const double ratio = value ? std::get<double>(*value) : -1;
    if (ratio >= 0 && ratio <= 1) return ratio;
    faults_.add("randomize_ratio", "Expected a number from 0 to 1: the share of the rows to keep.");
    return 1;
  }

  const Column* read_name(const json::value& json, const std::string& path) {
    if (!json.is_string()) {
      faults_.add(path, "Expected the name of a column.");
      return nullptr;
    }
    const std::string_view name(json.get_string().data(), json.get_string().size());
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) return found->second;
    if (!faults_.full()) faults_.add(path, unknown_name_text("column", name, names_));
    return nullptr;
  }

  Faults& faults_;
  std::unordered_map<std::string_view, const Column*> by_name_;
  std::vector<std::string_view> names_;
};

double without_minus_zero(double number) { return number == 0 ? 0.0 : number; }

std::string number_text(double number) {
  std::array<char, 40> buffer;
  const auto [end, ec] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), end};
}

// The type stands beside the value, so that the text "1", the number 1 and the number 1.0 stay three things.
json::array tagged(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return {"BOOLEAN", *flag};
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return {"INTEGER", std::to_string(*whole)};
  if (const auto* number = std::get_if<double>(&value)) return {"FLOAT", number_text(*number)};
  if (const auto* text = std::get_if<std::string>(&value)) return {"STRING", *text};
  if (const auto* at = std::get_if<Datetime>(&value)) return {"DATETIME", std::to_string(at->seconds), at->nanos};
  return {nullptr};
}

}  // namespace

Result<Value> checked_literal(Result<Value> value) {
  const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
  if (text == nullptr || text->size() <= limits::kFilterTextBytes) return value;
  return fail(Code::kInvalid, fmt::format("A text to compare with has at most {} bytes.", limits::kFilterTextBytes));
}

std::string symbols_of(const std::vector<Operator>& operators) {
  std::string text;
  for (const auto op : operators) text += fmt::format("{}{}", text.empty() ? "" : " ", symbol_of(op));
  return text;
}

std::string_view symbol_of(Operator op) {
  for (const auto& [known, symbol] : kSymbols) {
    if (known == op) return symbol;
  }
  return "=";
}

std::optional<Operator> operator_of(std::string_view symbol) {
  for (const auto& [op, known] : kSymbols) {
    if (known == symbol) return op;
  }
  return std::nullopt;
}

std::vector<Operator> operators_of(ColumnType type) {
  if (type == ColumnType::kBoolean) return {Operator::kEqual, Operator::kNotEqual};
  std::vector<Operator> all;
  for (const auto& [op, symbol] : kSymbols) all.push_back(op);
  return all;
}

json::object to_json(const SliceSpec& spec) {
  json::array columns;
  for (const auto& name : spec.columns) columns.push_back(json::string(name));
  json::array filters;
  for (const auto& filter : spec.filters) {
    filters.push_back(
        json::object{{"name", filter.name}, {"operator", symbol_of(filter.op)}, {"value", to_json(filter.value)}});
  }
  return {{"columns", std::move(columns)}, {"filters", std::move(filters)}, {"randomize_ratio", spec.ratio}};
}

Result<SliceSpec> slice_spec_from_json(const json::value& json, const Columns& table) {
  Faults faults;
  SliceSpec spec;
  if (const auto* object = json.if_object()) {
    spec = SpecReader(table, faults).read(*object);
  } else {
    faults.add("", "Expected an object: {columns, filters, randomize_ratio}.");
  }
  if (!faults.none()) return std::unexpected(faults.as_error("spec"));
  return spec;
}

SliceSpec normalised(SliceSpec spec) {
  std::ranges::sort(spec.columns);
  spec.columns.erase(std::unique(spec.columns.begin(), spec.columns.end()), spec.columns.end());
  for (auto& filter : spec.filters) {
    if (auto* number = std::get_if<double>(&filter.value)) *number = without_minus_zero(*number);
  }
  std::ranges::sort(spec.filters, [](const Filter& a, const Filter& b) {
    return std::tie(a.name, a.op, a.value) < std::tie(b.name, b.op, b.value);
  });
  spec.filters.erase(std::unique(spec.filters.begin(), spec.filters.end()), spec.filters.end());
  spec.ratio = without_minus_zero(spec.ratio);
  return spec;
}

std::string canonical_text(const SliceSpec& spec) {
  const SliceSpec normal = normalised(spec);
  json::array columns;
  for (const auto& name : normal.columns) columns.push_back(json::string(name));
  json::array filters;
  for (const auto& filter : normal.filters) {
    filters.push_back(json::array{filter.name, symbol_of(filter.op), tagged(filter.value)});
  }
  return to_text(json::array{std::move(columns), std::move(filters), number_text(normal.ratio)});
}

}  // namespace lakelift::table
