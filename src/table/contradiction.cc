#include "table/contradiction.h"

#include <fmt/format.h>

#include <algorithm>

#include "table/comparison.h"

namespace lakelift::table {
namespace {

bool is_empty(const ColumnFilters& filters, const Choice& choice) {
  return !choice.empty() && filters.kept(choice).empty();
}

// The fewest of them that still leave no value, the earlier ones being left out first; the last is always among them.
Choice core_of(const ColumnFilters& filters, Choice choice) {
  const Constraint* last = choice.back();
  if (is_empty(filters, {last})) return {last};
  for (const Constraint* one : choice) {
    if (is_empty(filters, {one, last})) return {one, last};
  }
  for (auto one = choice.begin(); one != choice.end();) {
    Choice others = choice;
    others.erase(others.begin() + (one - choice.begin()));
    one = is_empty(filters, others) ? choice.erase(one) : one + 1;
  }
  return choice;
}

std::string reason_of(const Choice& core) {
  const std::string last = comparison_text(*core.back()->filter);
  if (core.size() == 1) return fmt::format("No row can pass `{}`: nothing is beyond that value.", last);
  const std::string other = comparison_text(*core[core.size() - 2]->filter);
  if (core.size() == 2) return fmt::format("No row can pass both `{}` and `{}`.", other, last);
  return fmt::format("No row that passes the other filters of this column can pass both `{}` and `{}`.", other, last);
}

}  // namespace

Contradiction contradiction_of(const ColumnFilters& filters) {
  std::size_t place = 0;
  while (!is_empty(filters, filters.first(place + 1))) ++place;
  return {place, reason_of(core_of(filters, filters.first(place + 1)))};
}

}  // namespace lakelift::table
