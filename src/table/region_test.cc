#include "table/region.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <limits>

namespace lakelift::table {
namespace {

using namespace std::string_literals;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Value whole(std::int64_t number) { return number; }

ColumnType any_type() {
  return static_cast<ColumnType>(*rc::gen::inRange(0, static_cast<int>(ColumnType::kDatetime) + 1));
}

// Few different ones, so that values meet bounds; never null.
Value near_value(ColumnType type) {
  const int pick = *rc::gen::inRange(0, 5);
  switch (type) {
    case ColumnType::kInteger:
      return whole(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), -1, 0, 1,
                                             std::numeric_limits<std::int64_t>::max()}[static_cast<std::size_t>(pick)]);
    case ColumnType::kFloat:
      return std::vector<double>{-kInfinity, -0.0, 0.0, 1.5, kInfinity}[static_cast<std::size_t>(pick)];
    case ColumnType::kBoolean:
      return pick % 2 == 0;
    case ColumnType::kDatetime:
      return Datetime{pick / 2, static_cast<std::uint32_t>(pick % 2)};
    case ColumnType::kString:
      break;
  }
  return std::vector<std::string>{"", "a", "a\0"s, "b", "é"}[static_cast<std::size_t>(pick)];
}

Value any_value(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
      return *rc::gen::arbitrary<std::int64_t>();
    case ColumnType::kFloat: {
      const auto number = std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>());
      return std::isnan(number) ? kInfinity : number;
    }
    case ColumnType::kBoolean:
      return *rc::gen::arbitrary<bool>();
    case ColumnType::kDatetime:
      return Datetime{*rc::gen::arbitrary<std::int64_t>(), *rc::gen::inRange<std::uint32_t>(0, 1'000'000'000)};
    case ColumnType::kString:
      break;
  }
  return *rc::gen::container<std::string>(rc::gen::inRange('\x01', '\x7f'));
}

template <typename Draw>
Range any_range(std::string column, ColumnType type, Draw draw) {
  Range range{std::move(column), std::nullopt, std::nullopt, *rc::gen::arbitrary<bool>()};
  if (*rc::gen::arbitrary<bool>()) range.minimum = draw(type);
  if (*rc::gen::arbitrary<bool>()) range.maximum = draw(type);
  return range;
}

// The order of filters, said once more and simply.
bool below(const Value& a, const Value& b) {
  if (const auto* x = std::get_if<double>(&a)) {
    const double y = std::get<double>(b);
    return std::isnan(*x) ? false : (std::isnan(y) || *x < y);
  }
  return a < b;
}
bool passes(const Value& value, const Filter& filter) {
  if (is_null(value)) return false;
  const bool less = below(value, filter.value);
  const bool more = below(filter.value, value);
  switch (filter.op) {
    case Operator::kGreater:
      return more;
    case Operator::kGreaterEqual:
      return !less;
    case Operator::kLess:
      return less;
    case Operator::kLessEqual:
      return !more;
    case Operator::kEqual:
      return !less && !more;
    case Operator::kNotEqual:
      return less || more;
  }
  return false;
}
bool lies_simply(const Value& value, const Range& range) {
  if (is_null(value)) return range.with_nulls;
  return !(range.minimum && below(value, *range.minimum)) && !(range.maximum && !below(value, *range.maximum));
}

TEST(Range, IsHalfOpen) {
  const Range day{"day", whole(3), whole(5), false};
  EXPECT_FALSE(lies_in(whole(2), day));
  EXPECT_TRUE(lies_in(whole(3), day));
  EXPECT_TRUE(lies_in(whole(4), day));
  EXPECT_FALSE(lies_in(whole(5), day));
  EXPECT_FALSE(lies_in(Value(), day));
  EXPECT_TRUE(lies_in(Value(), Range{"day", whole(3), whole(5), true}));
  EXPECT_FALSE(lies_in(Value(), Range{"day", std::nullopt, std::nullopt, false}));
  EXPECT_TRUE(lies_in(whole(7), Range{"day", std::nullopt, std::nullopt, false}));
}

TEST(Range, NanIsAboveEveryNumber) {
  EXPECT_TRUE(lies_in(kNan, Range{"x", kInfinity, std::nullopt, false}));
  EXPECT_TRUE(lies_in(kNan, Range{"x", std::nullopt, std::nullopt, false}));
  EXPECT_FALSE(lies_in(kNan, Range{"x", std::nullopt, kInfinity, true}));
  EXPECT_FALSE(lies_in(kInfinity, Range{"x", std::nullopt, kInfinity, true}));
  EXPECT_TRUE(lies_in(-0.0, Range{"x", 0.0, 1.0, false}));
}

TEST(Range, AgreesWithTheOrderOfFilters) {
  EXPECT_TRUE(rc::check([] {
    const auto type = any_type();
    const Range range = any_range("x", type, near_value);
    Value value = near_value(type);
    if (*rc::gen::inRange(0, 5) == 0) value = Value();
    if (type == ColumnType::kFloat && *rc::gen::inRange(0, 5) == 0) value = kNan;
    RC_ASSERT(lies_in(value, range) == lies_simply(value, range));
  }));
}

// A row of the box that passes says that they overlap; and every row of the box passes filters_of(box).
TEST(Box, OverlapsWhereARowIsInBoth) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<std::pair<std::string, ColumnType>> columns{{"a", any_type()}, {"b", any_type()}};
    Box box;
    std::vector<Filter> filters;
    bool lies = true;
    bool passed = true;
    bool passes_own = true;
    std::vector<Value> row;
    for (const auto& [name, type] : columns) {
      row.push_back(*rc::gen::inRange(0, 4) == 0 ? Value() : near_value(type));
      if (type == ColumnType::kFloat && *rc::gen::inRange(0, 4) == 0) row.back() = kNan;
      if (*rc::gen::arbitrary<bool>()) {
        box.push_back(any_range(name, type, near_value));
        lies = lies && lies_in(row.back(), box.back());
      }
      for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
        filters.push_back({name, static_cast<Operator>(*rc::gen::inRange(0, 6)), near_value(type)});
        passed = passed && passes(row.back(), filters.back());
      }
    }
    for (const auto& own : filters_of(box)) passes_own = passes_own && passes(row[own.name == "a" ? 0 : 1], own);
    if (lies && passed) RC_ASSERT(may_overlap(box, filters));
    if (lies) RC_ASSERT(passes_own);
  }));
}

TEST(Box, IsKnownToBeApart) {
  const Box box{{"day", whole(3), whole(5), true}, {"x", 1.0, std::nullopt, false}};
  const auto apart = [&](std::vector<Filter> filters) { return !may_overlap(box, filters); };
  EXPECT_FALSE(apart({}));
  EXPECT_FALSE(apart({{"day", Operator::kEqual, whole(4)}}));
  EXPECT_TRUE(apart({{"day", Operator::kEqual, whole(5)}}));
  EXPECT_TRUE(apart({{"day", Operator::kLess, whole(3)}}));
  EXPECT_TRUE(apart({{"day", Operator::kGreater, whole(4)}}));
  EXPECT_TRUE(apart({{"day", Operator::kNotEqual, whole(3)}, {"day", Operator::kNotEqual, whole(4)}}));
  EXPECT_TRUE(apart({{"x", Operator::kLess, 1.0}}));
  EXPECT_FALSE(apart({{"x", Operator::kLessEqual, 1.0}}));
  EXPECT_FALSE(apart({{"other", Operator::kLess, whole(1)}}));
  EXPECT_FALSE(may_overlap(Box{{"x", kInfinity, kInfinity, false}}, std::vector<Filter>{})) << "no value lies there";
  EXPECT_TRUE(may_overlap(Box{{"x", kInfinity, kInfinity, true}}, std::vector<Filter>{})) << "null does";
}

TEST(Box, OfOneColumnIsExact) {
  EXPECT_TRUE(rc::check([] {
    const Box box{any_range("x", ColumnType::kBoolean, near_value)};
    std::vector<Filter> filters;
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
      const auto op = *rc::gen::arbitrary<bool>() ? Operator::kEqual : Operator::kNotEqual;
      filters.push_back({"x", op, near_value(ColumnType::kBoolean)});
    }
    bool any = false;
    for (const Value& value : {Value(), Value(false), Value(true)}) {
      bool all = lies_in(value, box[0]);
      for (const auto& filter : filters) all = all && passes(value, filter);
      any = any || all;
    }
    RC_ASSERT(may_overlap(box, filters) == any);
  }));
}

TEST(Region, GoesThroughItsTextUnchanged) {
  EXPECT_TRUE(rc::check([] {
    Region region;
    for (int boxes = *rc::gen::inRange(0, 4); boxes > 0; --boxes) {
      Box& box = region.emplace_back();
      for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
        const auto type = any_type();
        const bool near = *rc::gen::arbitrary<bool>();
        box.push_back(
            any_range("c" + std::to_string(i), type, [&](auto t) { return near ? near_value(t) : any_value(t); }));
      }
    }
    const auto parsed = parse_json(to_text(json::value(to_json(region))));
    RC_ASSERT(parsed.has_value());
    const auto read = region_from_json(*parsed);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == region);
  }));
}

TEST(Region, ReadsAsPeopleWouldWriteIt) {
  const Region region{{{"day", Datetime{1357344000, 0}, std::nullopt, false}, {"x", 0.5, kInfinity, true}}};
  EXPECT_EQ(to_text(json::value(to_json(region))),
            R"([[{"column":"day","type":"DATETIME","minimum":"2013-01-05T00:00:00","maximum":null,"with_nulls":false},)"
            R"({"column":"x","type":"FLOAT","minimum":5E-1,"maximum":"inf","with_nulls":true}]])");
}

TEST(Region, RefusesWhatItDidNotWrite) {
  const auto refused = [](std::string_view text) {
    const auto parsed = parse_json(text);
    EXPECT_TRUE(parsed) << text;
    const auto read = region_from_json(*parsed);
    return !read && read.error().code == Code::kCorrupt;
  };
  const auto range = [](std::string_view inside) { return "[[{" + std::string(inside) + "}]]"; };
  EXPECT_TRUE(region_from_json(
      *parse_json(range(R"("column":"a","type":"INTEGER","minimum":1,"maximum":null,"with_nulls":false)"))));
  for (const auto* text : {"3", "{}", "[3]", "[[3]]", "[[[]]]"}) EXPECT_TRUE(refused(text)) << text;
  for (const auto* inside : {
           R"("type":"INTEGER","minimum":1,"maximum":null,"with_nulls":false)",
           R"("column":3,"type":"INTEGER","minimum":1,"maximum":null,"with_nulls":false)",
           R"("column":"a","minimum":1,"maximum":null,"with_nulls":false)",
           R"("column":"a","type":"LIST","minimum":1,"maximum":null,"with_nulls":false)",
           R"("column":"a","type":"INTEGER","maximum":null,"with_nulls":false)",
           R"("column":"a","type":"INTEGER","minimum":1,"with_nulls":false)",
           R"("column":"a","type":"INTEGER","minimum":1,"maximum":null)",
           R"("column":"a","type":"INTEGER","minimum":1.5,"maximum":null,"with_nulls":false)",
           R"("column":"a","type":"INTEGER","minimum":"inf","maximum":null,"with_nulls":false)",
           R"("column":"a","type":"FLOAT","minimum":"nan","maximum":null,"with_nulls":false)",
           R"("column":"a","type":"DATETIME","minimum":[1],"maximum":null,"with_nulls":false)",
           R"("column":"a","type":"DATETIME","minimum":[1,1000000000],"maximum":null,"with_nulls":false)",
           R"("column":"a","type":"DATETIME","minimum":[1,-1],"maximum":null,"with_nulls":false)",
           R"("column":"a","type":"INTEGER","minimum":1,"maximum":null,"with_nulls":1)",
       }) {
    EXPECT_TRUE(refused(range(inside))) << inside;
  }
  const std::string one = R"({"column":"a","type":"INTEGER","minimum":1,"maximum":null,"with_nulls":false})";
  EXPECT_TRUE(refused("[[" + one + "," + one + "]]")) << "a column twice in one box";
  EXPECT_FALSE(refused("[[" + one + "],[" + one + "]]"));
}

}  // namespace
}  // namespace lakelift::table
