#include "backends/executors/cutting/cut_points.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>

namespace lakelift::executors {
namespace {

using table::Value;

bool lies_in(const CutPoint& point, const std::vector<std::string>& columns, const table::Box& box) {
  for (const auto& range : box) {
    const auto at = std::ranges::find(columns, range.column) - columns.begin();
    if (!table::lies_in(point.values[static_cast<std::size_t>(at)], range)) return false;
  }
  return true;
}

TEST(CutPoints, APartitionedTableIsCutAtItsMedian) {
  std::vector<CutPoint> points;
  for (int day = 1; day <= 8; ++day) points.push_back({{Value(std::int64_t{day})}, 10});
  const auto boxes = cut_points(points, {"day"}, 20, 100);
  ASSERT_EQ(boxes.size(), 4U);
  for (const auto& box : boxes) EXPECT_EQ(box.rows, 20);
}

TEST(CutPoints, WhatCanNotBeToldApartStaysTogether) {
  std::vector<CutPoint> points(10, {{Value(std::string("x")), Value()}, 5});
  const auto boxes = cut_points(points, {"s", "n"}, 1, 100);
  ASSERT_EQ(boxes.size(), 1U);
  EXPECT_EQ(boxes[0].rows, 50);
  EXPECT_TRUE(boxes[0].box.empty());
}

TEST(CutPoints, NullsLieBelowAndNanAbove) {
  const std::vector<CutPoint> points{{{Value()}, 5}, {{Value(1.0)}, 5}, {{Value(std::nan(""))}, 5}};
  const auto boxes = cut_points(points, {"f"}, 5, 100);
  // Null is apart from 1; 1 and NaN have no border between them that a literal could say.
  ASSERT_EQ(boxes.size(), 2U);
  int with_nulls = 0;
  for (const auto& box : boxes) with_nulls += box.box.at(0).with_nulls ? 1 : 0;
  EXPECT_EQ(with_nulls, 1);
}

TEST(CutPoints, TheNumberOfBoxesHasALimit) {
  std::vector<CutPoint> points;
  for (int i = 0; i < 100; ++i) points.push_back({{Value(std::int64_t{i})}, 1});
  EXPECT_LE(cut_points(points, {"n"}, 1, 7).size(), 7U);
}

TEST(CutPoints, BoxesAreDisjointAndHoldEveryRow) {
  EXPECT_TRUE(rc::check([] {
    const auto value = [](int kind) -> Value {
      switch (*rc::gen::inRange(0, 8)) {
        case 0:
          return {};
        case 1:
          if (kind == 1) return Value(std::nan(""));
          [[fallthrough]];
        default:
          break;
      }
      const int number = *rc::gen::inRange(-20, 20);
      if (kind == 0) return Value(std::int64_t{number});
      if (kind == 1) return Value(number / 4.0);
      return Value(std::string(1, static_cast<char>('a' + (number + 20) % 26)));
    };
    const std::vector<std::string> columns{"n", "f", "s"};
    std::vector<CutPoint> points;
    for (int i = *rc::gen::inRange(0, 60); i > 0; --i) {
      points.push_back({{value(0), value(1), value(2)}, static_cast<double>(*rc::gen::inRange(1, 9))});
    }
    const double most = *rc::gen::inRange(1, 30);
    const auto boxes = cut_points(points, columns, most, 50);
    // Other rows than the points lie in one box each, too.
    std::vector<CutPoint> probes = points;
    for (int i = 0; i < 20; ++i) probes.push_back({{value(0), value(1), value(2)}, 1});
    for (const auto& probe : probes) {
      int hits = 0;
      for (const auto& box : boxes) hits += lies_in(probe, columns, box.box) ? 1 : 0;
      RC_ASSERT(hits == 1);
    }
    double rows = 0;
    for (const auto& box : boxes) {
      rows += box.rows;
      for (const auto& point : box.points) RC_ASSERT(lies_in(point, columns, box.box));
    }
    double all = 0;
    for (const auto& point : points) all += point.rows;
    RC_ASSERT(rows == all);
  }));
}

}  // namespace
}  // namespace lakelift::executors
