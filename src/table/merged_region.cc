#include "table/merged_region.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/json.h"
#include "table/value_interval.h"

namespace lakelift::table {
namespace {

// The box's range of a column; nothing: all of it.
const Range* range_in(const Box& box, const std::string& column) {
  const auto found = std::ranges::find(box, column, &Range::column);
  return found == box.end() ? nullptr : &*found;
}

bool is_lower(const Range& one, const Range& other) {
  if (!one.minimum || !other.minimum) return !one.minimum && other.minimum;
  return key_of(*one.minimum) < key_of(*other.minimum);
}

bool touch(const Range& lower, const Range& upper) {
  return lower.maximum && upper.minimum && key_of(*lower.maximum) == key_of(*upper.minimum);
}

// Boxes of equal ranges but for this column, by that column's range.
using Siblings = std::map<std::string, std::pair<Box, std::vector<Range>>>;

void add_joined(const Box& others, std::vector<Range> ranges, Region& out) {
  std::ranges::sort(ranges, is_lower);
  for (std::size_t i = 0; i < ranges.size();) {
    Range joined = ranges[i++];
    for (; i < ranges.size() && touch(joined, ranges[i]); ++i) {
      joined.maximum = ranges[i].maximum;
      joined.with_nulls = joined.with_nulls || ranges[i].with_nulls;
    }
    Box box = others;
    const bool is_all = !joined.minimum && !joined.maximum && joined.with_nulls;
    if (!is_all) box.push_back(std::move(joined));
    std::ranges::sort(box, {}, &Range::column);
    out.push_back(std::move(box));
  }
}

Region joined_along(const std::string& column, const Region& region) {
  Region out;
  Siblings siblings;
  for (const auto& box : region) {
    const Range* range = range_in(box, column);
    if (range == nullptr) {
      out.push_back(box);
      continue;
    }
    Box others;
    for (const auto& other : box) {
      if (other.column != column) others.push_back(other);
    }
    auto& [known, ranges] = siblings[json::serialize(to_json(Region{others}))];
    known = std::move(others);
    ranges.push_back(*range);
  }
  for (auto& [text, sibling] : siblings) add_joined(sibling.first, std::move(sibling.second), out);
  return out;
}

}  // namespace

Region merged(Region region) {
  std::set<std::string> columns;
  for (auto& box : region) {
    std::ranges::sort(box, {}, &Range::column);
    for (const auto& range : box) columns.insert(range.column);
  }
  for (std::size_t before = region.size() + 1; region.size() < before;) {
    before = region.size();
    for (const auto& column : columns) region = joined_along(column, region);
  }
  return region;
}

}  // namespace lakelift::table
