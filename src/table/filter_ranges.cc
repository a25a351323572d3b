#include "table/filter_ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>

#include "table/column_filters.h"
#include "table/contradiction.h"
#include "table/validation.h"

namespace lakelift::table {
namespace {

using Pointers = std::vector<const Filter*>;
using ByColumn = std::map<std::string_view, Pointers>;

ByColumn by_column(const std::vector<Filter>& filters) {
  ByColumn columns;
  for (const auto& filter : filters) columns[filter.name].push_back(&filter);
  return columns;
}

const Pointers& filters_on(const ByColumn& columns, std::string_view name) {
  static const Pointers kNone;
  const auto found = columns.find(name);
  return found == columns.end() ? kNone : found->second;
}

// No value passes the filters of some column.
bool pass_nothing(const ByColumn& columns) {
  return std::ranges::any_of(columns, [](const auto& column) {
    const auto filters = ColumnFilters::of(column.second);
    return filters && filters->kept(filters->all()).empty();
  });
}

// Filters of one column out of two lists, in one order.
struct TwoLists {
  std::optional<ColumnFilters> together;
  Choice narrow;
  Choice wide;
};

TwoLists two_lists(const Pointers& narrow, const Pointers& wide) {
  Pointers both = narrow;
  both.insert(both.end(), wide.begin(), wide.end());
  TwoLists lists{ColumnFilters::of(both), {}, {}};
  if (!lists.together) return lists;
  lists.wide = lists.together->all();
  lists.narrow = lists.together->first(narrow.size());
  lists.wide.erase(lists.wide.begin(), lists.wide.begin() + static_cast<std::ptrdiff_t>(narrow.size()));
  return lists;
}

// Without an order only this is sure: who passes a filter passes its repetition.
bool all_repeated(const Pointers& wide, const Pointers& narrow) {
  return std::ranges::all_of(wide, [&](const Filter* filter) {
    return std::ranges::any_of(narrow, [&](const Filter* other) { return *other == *filter; });
  });
}

// `wide` has at least one filter on this column, and each refuses null.
bool column_implies(const Pointers& narrow, const Pointers& wide) {
  if (narrow.empty()) return false;
  const TwoLists lists = two_lists(narrow, wide);
  if (!lists.together) return all_repeated(wide, narrow);
  return ColumnFilters::within(lists.together->kept(lists.narrow), lists.together->kept(lists.wide));
}

// The filters of `narrow` that can be left out where the rest and `wide` hold.
Pointers needless(const Pointers& narrow, const Pointers& wide) {
  Pointers found;
  const TwoLists lists = two_lists(narrow, wide);
  if (!lists.together) return found;
  Choice rest = lists.narrow;
  rest.insert(rest.end(), lists.wide.begin(), lists.wide.end());
  for (const Constraint* one : lists.narrow) {
    Choice others = rest;
    std::erase(others, one);
    if (others.empty() || !ColumnFilters::within(lists.together->kept(others), lists.together->kept({one}))) continue;
    found.push_back(one->filter);
    rest = std::move(others);
  }
  return found;
}

class Simplifier {
 public:
  // `filters` in normal order, of one column; some value passes them.
  explicit Simplifier(const ColumnFilters& filters)
      : filters_(filters), all_(filters.all()), kept_(filters.kept(all_)) {}

  std::vector<Filter> fewest() const {
    if (const Filter* alone = one_that_says_all()) return {*alone};
    if (auto value = filters_.only_literal(kept_)) return {with(Operator::kEqual, *std::move(value))};
    std::vector<Filter> fewest;
    if (kept_.low != filters_.domain_low()) fewest.push_back(lower_bound());
    if (kept_.end != filters_.domain_end()) fewest.push_back(upper_bound());
    for (const Constraint* hole : kept_.holes) fewest.push_back(*hole->filter);
    return fewest;
  }

 private:
  // An equality before a bound that says the same.
  const Filter* one_that_says_all() const {
    const Filter* found = nullptr;
    for (const Constraint* one : all_) {
      if (!ColumnFilters::is_same(filters_.kept({one}), kept_)) continue;
      if (found == nullptr || one->filter->op == Operator::kEqual) found = one->filter;
    }
    return found;
  }

  Filter lower_bound() const {
    for (const Constraint* one : all_) {
      if (!one->excludes && one->low == kept_.low) return *one->filter;
    }
    const auto hole =
        std::ranges::find_if(all_, [&](const auto* one) { return one->excludes && one->end == kept_.low; });
    return with(Operator::kGreater, (*hole)->filter->value);
  }

  Filter upper_bound() const {
    for (const Constraint* one : all_) {
      if (!one->excludes && one->end == kept_.end) return *one->filter;
    }
    const auto hole =
        std::ranges::find_if(all_, [&](const auto* one) { return one->excludes && one->low == kept_.end; });
    return with(Operator::kLess, (*hole)->filter->value);
  }

  Filter with(Operator op, Value value) const { return {all_.front()->filter->name, op, std::move(value)}; }

  const ColumnFilters& filters_;
  const Choice all_;
  const Kept kept_;
};

bool fits(const Value& value, ColumnType type) {
  if (!is_literal(value)) return false;
  switch (type) {
    case ColumnType::kInteger:
      return std::holds_alternative<std::int64_t>(value);
    case ColumnType::kFloat:
      return std::holds_alternative<double>(value);
    case ColumnType::kString:
      return std::holds_alternative<std::string>(value);
    case ColumnType::kBoolean:
      return std::holds_alternative<bool>(value);
    case ColumnType::kDatetime:
      return std::holds_alternative<Datetime>(value);
  }
  return false;
}

void check_fit(const std::vector<Filter>& filters, const Columns& table, Faults& faults) {
  std::unordered_map<std::string_view, ColumnType> types;
  std::vector<std::string_view> names;
  for (const auto& column : table) {
    types.emplace(column.name, column.type);
    names.emplace_back(column.name);
  }
  for (std::size_t i = 0; i < filters.size() && !faults.full(); ++i) {
    const std::string path = join_path("filters", i);
    const auto type = types.find(filters[i].name);
    if (type == types.end()) {
      faults.add(path + ".name", unknown_name_text("column", filters[i].name, names));
    } else if (!fits(filters[i].value, type->second)) {
      faults.add(path + ".value", fmt::format("Expected a value of the type {}.", name_of(type->second)));
    }
  }
}

void check_contradictions(const std::vector<Filter>& filters, Faults& faults) {
  for (const auto& [name, on_column] : by_column(filters)) {
    const auto column = ColumnFilters::of(on_column);
    if (!column || !column->kept(column->all()).empty()) continue;
    const Contradiction found = contradiction_of(*column);
    faults.add(join_path("filters", static_cast<std::size_t>(on_column[found.place] - filters.data())), found.reason);
  }
}

bool has_all(const std::set<std::string_view>& held, const auto& names, auto projection) {
  return std::ranges::all_of(names, [&](const auto& name) { return held.contains(std::invoke(projection, name)); });
}

}  // namespace

Result<std::vector<Filter>> simplify(const std::vector<Filter>& filters, const Columns& table) {
  Faults faults;
  check_fit(filters, table, faults);
  if (faults.none()) check_contradictions(filters, faults);
  if (!faults.none()) return std::unexpected(faults.as_error("spec"));
  SliceSpec simple;
  const SliceSpec normal = normalised({{}, filters, 1});
  for (const auto& [name, on_column] : by_column(normal.filters)) {
    const auto column = ColumnFilters::of(on_column);
    if (column) std::ranges::move(Simplifier(*column).fewest(), std::back_inserter(simple.filters));
  }
  return normalised(std::move(simple)).filters;
}

bool implies(const std::vector<Filter>& narrow, const std::vector<Filter>& wide) {
  const ByColumn narrow_columns = by_column(narrow);
  if (pass_nothing(narrow_columns)) return true;
  const ByColumn wide_columns = by_column(wide);
  return std::ranges::all_of(wide_columns, [&](const auto& column) {
    return column_implies(filters_on(narrow_columns, column.first), column.second);
  });
}

std::vector<Filter> residual(const std::vector<Filter>& narrow, const std::vector<Filter>& wide) {
  const ByColumn wide_columns = by_column(wide);
  if (pass_nothing(wide_columns)) return {};
  std::set<const Filter*> left_out;
  for (const auto& [name, on_column] : by_column(narrow)) {
    const Pointers found = needless(on_column, filters_on(wide_columns, name));
    left_out.insert(found.begin(), found.end());
  }
  std::vector<Filter> left;
  for (const auto& filter : narrow) {
    if (!left_out.contains(&filter)) left.push_back(filter);
  }
  return left;
}

bool contains(const SliceSpec& held, const SliceSpec& asked) {
  if (held.ratio != 1 || asked.ratio != 1 || !implies(asked.filters, held.filters)) return false;
  const std::set<std::string_view> columns(held.columns.begin(), held.columns.end());
  return has_all(columns, asked.columns, std::identity()) &&
         has_all(columns, residual(asked.filters, held.filters), &Filter::name);
}

}  // namespace lakelift::table
