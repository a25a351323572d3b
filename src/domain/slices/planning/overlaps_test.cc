#include "domain/slices/planning/overlaps.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace lakelift::slices {
namespace {

using table::Box;
using table::Range;
using table::Value;

Range range(std::string column, std::optional<std::int64_t> low, std::optional<std::int64_t> high, bool with_nulls) {
  const auto value = [](std::optional<std::int64_t> v) { return v ? std::optional<Value>(*v) : std::nullopt; };
  return {std::move(column), value(low), value(high), with_nulls};
}

std::vector<bool> each_with_each(const std::vector<Box>& boxes, const std::vector<bool>& wanted) {
  std::vector<bool> out = wanted;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    for (std::size_t j = 0; j < boxes.size(); ++j) {
      if (wanted[j] && table::may_overlap(boxes[i], boxes[j])) out[i] = true;
    }
  }
  return out;
}

TEST(Overlaps, AreThoseOfEachTwo) {
  std::mt19937 dice(20181101);
  const auto below = [&](int end) { return static_cast<int>(dice() % static_cast<unsigned>(end)); };
  for (int turn = 0; turn < 400; ++turn) {
    std::vector<Box> boxes;
    std::vector<bool> wanted;
    for (int i = 0, end = 1 + below(25); i < end; ++i) {
      Box box;
      for (const char* column : {"year", "day", "name"}) {
        if (below(4) == 0) continue;
        const int low = below(12);
        const auto bound = [&](int at) { return below(6) == 0 ? std::nullopt : std::optional<std::int64_t>(at); };
        Range one = range(column, bound(low), bound(low + 1 + below(3)), below(6) == 0);
        if (std::string_view(column) == "name") {
          for (auto* side : {&one.minimum, &one.maximum}) {
            if (*side) *side = Value{std::string(1, static_cast<char>('a' + std::get<std::int64_t>(**side)))};
          }
        }
        box.push_back(std::move(one));
      }
      boxes.push_back(std::move(box));
      wanted.push_back(below(5) == 0);
    }
    ASSERT_EQ(Overlaps(boxes).touched_by(wanted), each_with_each(boxes, wanted)) << "turn " << turn;
  }
}

TEST(Overlaps, BoxesWithoutARangeAreAllRows) {
  const std::vector<Box> boxes(3);
  EXPECT_EQ(Overlaps(boxes).touched_by({false, true, false}), std::vector<bool>(3, true));
  EXPECT_EQ(Overlaps(boxes).touched_by({false, false, false}), std::vector<bool>(3, false));
  EXPECT_TRUE(Overlaps().touched_by({}).empty());
}

// Each with each would be 56 million pairs.
TEST(Overlaps, OfTenThousandPartitions) {
  std::vector<Box> boxes;
  std::vector<bool> wanted;
  for (std::int64_t year = 0; year < 30; ++year) {
    for (std::int64_t day = 0; day < 500; ++day) {
      boxes.push_back({range("year", year, year + 1, false), range("day", day, day + 1, false)});
      wanted.push_back((year + day) % 2 == 0);
    }
  }
  EXPECT_EQ(Overlaps(boxes).touched_by(wanted), wanted);
}

}  // namespace
}  // namespace lakelift::slices
