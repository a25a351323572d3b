#include "table/merged_region.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace lakelift::table {
namespace {

Range range(std::string column, std::optional<std::int64_t> low, std::optional<std::int64_t> high, bool with_nulls) {
  const auto value = [](std::optional<std::int64_t> v) { return v ? std::optional<Value>(*v) : std::nullopt; };
  return {std::move(column), value(low), value(high), with_nulls};
}

bool lies_in_box(const std::vector<std::pair<std::string, Value>>& row, const Box& box) {
  return std::ranges::all_of(box, [&](const Range& one) {
    return std::ranges::any_of(row,
                               [&](const auto& cell) { return cell.first == one.column && lies_in(cell.second, one); });
  });
}

TEST(MergedRegion, NeighboursBecomeOneAndWhatIsWholeBoundsNothing) {
  const Region days{{range("day", 2, 3, false)}, {range("day", 1, 2, false)}, {range("day", 4, 5, false)}};
  EXPECT_EQ(merged(days), (Region{{range("day", 1, 3, false)}, {range("day", 4, 5, false)}}));
  const Region halves{{range("a", std::nullopt, 5, true)}, {range("a", 5, std::nullopt, false)}};
  EXPECT_EQ(merged(halves), Region{Box{}});
  const Region without_nulls{{range("a", std::nullopt, 5, false)}, {range("a", 5, std::nullopt, false)}};
  EXPECT_EQ(merged(without_nulls), (Region{{range("a", std::nullopt, std::nullopt, false)}}));
  EXPECT_EQ(merged({}), Region{});
  EXPECT_EQ(merged({Box{}}), Region{Box{}});
}

TEST(MergedRegion, APartThatWasCutAlongOtherColumnsIsWholeAgain) {
  Region region;
  for (std::int64_t day = 1; day <= 3; ++day) {
    for (std::int64_t a = 0; a < 4; ++a) {
      const auto low = a == 0 ? std::nullopt : std::optional(a);
      const auto high = a == 3 ? std::nullopt : std::optional(a + 1);
      region.push_back({range("a", low, high, a == 0), range("day", day, day + 1, false)});
    }
  }
  EXPECT_EQ(merged(region), (Region{{range("day", 1, 4, false)}}));
}

// A k-d cut of random borders, some of its boxes: the same rows lie in what comes out, each in one box.
TEST(MergedRegion, HasTheSameRows) {
  std::mt19937 dice(20181101);
  const auto below = [&](int end) { return static_cast<int>(dice() % static_cast<unsigned>(end)); };
  for (int turn = 0; turn < 300; ++turn) {
    Region cut{Box{}};
    for (int i = 0, end = below(12); i < end; ++i) {
      const auto at = static_cast<std::size_t>(below(static_cast<int>(cut.size())));
      const std::string column = below(2) == 0 ? "a" : "b";
      const std::int64_t border = below(8);
      Box lower = cut[at];
      auto found = std::ranges::find(lower, column, &Range::column);
      if (found == lower.end()) {
        lower.push_back(range(column, std::nullopt, std::nullopt, true));
        found = lower.end() - 1;
      }
      if (!lies_in(Value{border}, *found) || found->minimum == Value{border}) continue;
      Box upper = lower;
      auto& high = upper[static_cast<std::size_t>(found - lower.begin())];
      high.minimum = Value{border};
      high.with_nulls = false;
      found->maximum = Value{border};
      cut[at] = lower;
      cut.push_back(upper);
    }
    std::erase_if(cut, [&](const Box&) { return below(3) == 0; });
    const Region out = merged(cut);
    EXPECT_LE(out.size(), cut.size());
    for (std::int64_t a = -1; a <= 9; ++a) {
      for (std::int64_t b = -1; b <= 9; ++b) {
        const std::vector<std::pair<std::string, Value>> row{{"a", a < 0 ? Value{} : Value{a}},
                                                             {"b", b < 0 ? Value{} : Value{b}}};
        const auto has = [&](const Box& box) { return lies_in_box(row, box); };
        ASSERT_EQ(std::ranges::count_if(out, has), std::ranges::count_if(cut, has)) << turn << ": " << a << ", " << b;
      }
    }
  }
}

}  // namespace
}  // namespace lakelift::table
