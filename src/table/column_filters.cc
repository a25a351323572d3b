#include "table/column_filters.h"

#include <algorithm>

namespace lakelift::table {
namespace {

struct KeyedFilter {
  Interval interval;
  bool excludes = false;
};

KeyedFilter keyed(const Filter& filter, const Interval& domain) {
  const Key at = key_of(filter.value);
  const Key after = next(at);
  switch (filter.op) {
    case Operator::kGreater:
      return {{after, domain.end}};
    case Operator::kGreaterEqual:
      return {{at, domain.end}};
    case Operator::kLess:
      return {{domain.low, at}};
    case Operator::kLessEqual:
      return {{domain.low, after}};
    case Operator::kEqual:
      return {{at, after}};
    case Operator::kNotEqual:
      if (at == domain.low) return {{after, domain.end}};
      if (after == domain.end) return {{domain.low, at}};
      return {{at, after}, true};
  }
  return {domain};
}

}  // namespace

std::optional<ColumnFilters> ColumnFilters::of(std::span<const Filter* const> filters) {
  const Value& like = filters.front()->value;
  const bool comparable = std::ranges::all_of(filters, [&](const Filter* filter) {
    return is_literal(filter->value) && filter->value.index() == like.index();
  });
  if (!comparable) return std::nullopt;
  ColumnFilters column;
  const Interval domain = domain_like(like);
  column.keys_ = {domain.low, domain.end};
  std::vector<KeyedFilter> all;
  for (const Filter* filter : filters) {
    all.push_back(keyed(*filter, domain));
    column.keys_.push_back(all.back().interval.low);
    column.keys_.push_back(all.back().interval.end);
  }
  std::ranges::sort(column.keys_);
  column.keys_.erase(std::unique(column.keys_.begin(), column.keys_.end()), column.keys_.end());
  const auto position = [&](const Key& key) {
    return static_cast<std::size_t>(std::ranges::lower_bound(column.keys_, key) - column.keys_.begin());
  };
  for (std::size_t i = 0; i < filters.size(); ++i) {
    column.constraints_.push_back(
        {filters[i], position(all[i].interval.low), position(all[i].interval.end), all[i].excludes});
  }
  return column;
}

Choice ColumnFilters::first(std::size_t count) const {
  Choice choice;
  for (std::size_t i = 0; i < count; ++i) choice.push_back(&constraints_[i]);
  return choice;
}

Kept ColumnFilters::kept(const Choice& choice) const {
  Kept kept{domain_low(), domain_end(), {}};
  Choice holes;
  for (const Constraint* one : choice) {
    if (one->excludes) {
      holes.push_back(one);
    } else {
      kept.low = std::max(kept.low, one->low);
      kept.end = std::min(kept.end, one->end);
    }
  }
  std::ranges::sort(holes, {}, &Constraint::low);
  for (const Constraint* hole : holes) {
    if (hole->low == kept.low) kept.low = hole->end;
    const bool is_known = !kept.holes.empty() && kept.holes.back()->low == hole->low;
    if (hole->low > kept.low && hole->end <= kept.end && !is_known) kept.holes.push_back(hole);
  }
  while (!kept.holes.empty() && kept.holes.back()->end == kept.end) {
    kept.end = kept.holes.back()->low;
    kept.holes.pop_back();
  }
  return kept;
}

bool ColumnFilters::within(const Kept& inner, const Kept& outer) {
  if (inner.empty()) return true;
  if (inner.low < outer.low || inner.end > outer.end) return false;
  return std::ranges::all_of(outer.holes, [&](const Constraint* hole) {
    return hole->low < inner.low || hole->low >= inner.end ||
           std::ranges::binary_search(inner.holes, hole->low, {}, &Constraint::low);
  });
}

std::optional<Value> ColumnFilters::only_literal(const Kept& kept) const {
  if (kept.empty() || next(keys_[kept.low]) != keys_[kept.end]) return std::nullopt;
  return literal_at(keys_[kept.low], constraints_.front().filter->value);
}

}  // namespace lakelift::table
