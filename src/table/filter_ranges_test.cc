#include "table/filter_ranges.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "table/comparison.h"

namespace lakelift::table {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

Columns table_of(const std::vector<std::pair<std::string, ColumnType>>& types) {
  Columns columns;
  for (const auto& [name, type] : types) {
    Column column;
    column.name = name;
    column.type = type;
    columns.push_back(column);
  }
  return columns;
}

Columns flights() {
  return table_of({{"name", ColumnType::kString},
                   {"dep_delay", ColumnType::kInteger},
                   {"x", ColumnType::kInteger},
                   {"y", ColumnType::kInteger},
                   {"f", ColumnType::kFloat},
                   {"b", ColumnType::kBoolean},
                   {"t", ColumnType::kDatetime}});
}

using Texts = std::vector<std::string>;

std::vector<Filter> filters_of(const Texts& texts) {
  std::vector<Filter> filters;
  for (const auto& text : texts) {
    auto filter = parse_comparison(text, flights());
    EXPECT_TRUE(filter) << text;
    if (filter) filters.push_back(*std::move(filter));
  }
  return filters;
}

Texts texts_of(const std::vector<Filter>& filters) {
  Texts texts;
  for (const auto& filter : filters) texts.push_back(comparison_text(filter));
  return texts;
}

// The fewest filters, or the one text of the refusal.
Texts simple(const Texts& texts) {
  const auto simplified = simplify(filters_of(texts), flights());
  if (simplified) return texts_of(*simplified);
  EXPECT_EQ(simplified.error().code, Code::kInvalid);
  EXPECT_EQ(simplified.error().event, "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(simplified.error().fields.at(0).field, "spec");
  return simplified.error().fields.at(0).texts;
}

struct SimplifyCase {
  Texts asked;
  Texts fewest;
};

TEST(Simplify, KeepsTheFewestThatSayTheSame) {
  const std::vector<SimplifyCase> cases{
      {{}, {}},
      {{"x > 3"}, {"x > 3"}},
      {{"x > 3", "x > 3"}, {"x > 3"}},
      {{"x > 3", "x >= 3"}, {"x > 3"}},
      {{"x > 3", "x >= 5", "x > 4"}, {"x > 4"}},  // both say the same; the first in normal order
      {{"f > 3", "f >= 5", "f > 4"}, {"f >= 5"}},
      {{"x < 3", "x <= 3", "x < 7"}, {"x < 3"}},
      {{"x >= 1", "x <= 5", "x = 3"}, {"x = 3"}},
      {{"x = 3", "x != 4"}, {"x = 3"}},
      {{"x >= 3", "x <= 3"}, {"x = 3"}},
      {{"f >= 3", "f <= 3"}, {"f = 3"}},
      {{"name >= A", "name <= A"}, {"name = 'A'"}},
      {{"t >= 2013-01-05", "t <= 2013-01-05"}, {"t = 2013-01-05"}},
      {{"x > 1", "x < 3"}, {"x = 2"}},
      {{"x > 1", "x < 4"}, {"x > 1", "x < 4"}},
      {{"f > 1", "f < 3"}, {"f > 1", "f < 3"}},
      {{"x > 3", "x != 2", "x != 3"}, {"x > 3"}},
      {{"x > 3", "x != 5", "x != 4"}, {"x > 5"}},
      {{"x >= 3", "x != 3"}, {"x > 3"}},
      {{"f >= 3", "f != 3"}, {"f > 3"}},
      {{"x < 9", "x != 8"}, {"x < 8"}},
      {{"f < 9", "f != 8"}, {"f < 9", "f != 8"}},
      {{"f <= 9", "f != 9"}, {"f < 9"}},
      {{"x != 7", "x != 1", "x != 7"}, {"x != 1", "x != 7"}},
      {{"x < 3", "y > 1", "x < 2"}, {"x < 2", "y > 1"}},
      {{"b != true"}, {"b != true"}},
      {{"b != true", "b = false"}, {"b = false"}},
      {{"b = true", "b = true"}, {"b = true"}},
      {{"name != ''"}, {"name != ''"}},
      {{"name >= ''", "name != ''"}, {"name != ''"}},
      {{"name >= ''"}, {"name >= ''"}},  // refuses null
      {{"name >= ''", "name < B"}, {"name < 'B'"}},
      {{"name <= ''"}, {"name <= ''"}},
      {{"name >= é", "name > z"}, {"name >= 'é'"}},
      {{"x >= -9223372036854775808"}, {"x >= -9223372036854775808"}},
      {{"x > 9223372036854775807"}, {"x > 9223372036854775807"}},  // uint64 reaches further
      {{"x > 9223372036854775806", "x <= 9223372036854775807"}, {"x = 9223372036854775807"}},
      {{"f = -0", "f >= 0"}, {"f = 0"}},
      {{"f < -1.7976931348623157e308", "f != 3"}, {"f < -1.7976931348623157e+308"}},  // -inf has no literal in JSON
      {{"t > 2013-01-05", "t <= 2013-01-05T00:00:00.000000001"}, {"t = 2013-01-05T00:00:00.000000001"}},
      {{"t > 2013-01-05", "t < 2013-01-06"}, {"t > 2013-01-05", "t < 2013-01-06"}},
  };
  for (const auto& one : cases)
    EXPECT_EQ(simple(one.asked), one.fewest) << fmt::format("{}", fmt::join(one.asked, ", "));
}

TEST(Simplify, TextsHaveANextOne) {
  const auto table = flights();
  const std::vector<Filter> none{{"name", Operator::kGreater, "a"s}, {"name", Operator::kLess, "a\0"s}};
  EXPECT_FALSE(simplify(none, table));
  const std::vector<Filter> one{{"name", Operator::kGreater, "a"s}, {"name", Operator::kLess, "a\0\0"s}};
  EXPECT_EQ(simplify(one, table), (std::vector<Filter>{{"name", Operator::kEqual, "a\0"s}}));
}

TEST(Simplify, AContradictionNamesBothFilters) {
  const std::vector<std::pair<Texts, std::string>> cases{
      {{"dep_delay > 60", "dep_delay < 15"}, "1 No row can pass both `dep_delay > 60` and `dep_delay < 15`."},
      {{"y > 1", "dep_delay < 15", "b = true", "dep_delay > 60", "dep_delay > 99"},
       "3 No row can pass both `dep_delay < 15` and `dep_delay > 60`."},
      {{"x > 1", "x < 2"}, "1 No row can pass both `x > 1` and `x < 2`."},
      {{"x >= 3", "x < 3"}, "1 No row can pass both `x >= 3` and `x < 3`."},
      {{"x = 3", "x = 4"}, "1 No row can pass both `x = 3` and `x = 4`."},
      {{"x = 3", "x != 3"}, "1 No row can pass both `x = 3` and `x != 3`."},
      {{"x = 3", "x > 3"}, "1 No row can pass both `x = 3` and `x > 3`."},
      {{"b != true", "b != false"}, "1 No row can pass both `b != true` and `b != false`."},
      {{"name = 'O''Hare'", "name > Z"}, "1 No row can pass both `name = 'O''Hare'` and `name > 'Z'`."},
      {{"f > 0", "f < 5e-324"}, "1 No row can pass both `f > 0` and `f < 5e-324`."},
      {{"t < 2013-01-05", "t > 2013-01-04T23:59:59.999999999"},
       "1 No row can pass both `t < 2013-01-05` and `t > 2013-01-04T23:59:59.999999999`."},
      {{"x >= 1", "x <= 1", "x != 1"},
       "2 No row that passes the other filters of this column can pass both `x <= 1` and `x != 1`."},
      {{"x != 7", "x != 2", "x >= 1", "x != 1", "x < 3"},
       "4 No row that passes the other filters of this column can pass both `x != 1` and `x < 3`."},
      {{"name < ''"}, "0 No row can pass `name < ''`: nothing is beyond that value."},
      {{"x > 3", "x < -9223372036854775808"},
       "1 No row can pass `x < -9223372036854775808`: nothing is beyond that value."},
  };
  for (const auto& [asked, reason] : cases) {
    const std::string text =
        fmt::format("JSON did not validate. PATH: 'filters.{}' REASON: {}", reason.substr(0, 1), reason.substr(2));
    EXPECT_EQ(simple(asked), Texts{text});
  }
}

TEST(Simplify, EachColumnsContradictionIsTold) { EXPECT_EQ(simple({"x > 1", "y > 1", "y < 0", "x < 0"}).size(), 2U); }

TEST(Simplify, LongTextsAreCutInTheMessage) {
  const std::string same(1000, 'a');
  const auto texts = simple({"name = " + same, "name = b"});
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_LT(texts[0].size(), 400U);
  EXPECT_THAT(texts[0], HasSubstr("aaa…'` and `name = 'b'`"));
}

TEST(Simplify, RefusesWhatDoesNotFitTheTable) {
  const auto refusal = [](Filter filter) {
    const auto simplified = simplify({std::move(filter)}, flights());
    return simplified ? "taken" : simplified.error().fields.at(0).texts.at(0);
  };
  EXPECT_THAT(refusal({"dep_dely", Operator::kEqual, std::int64_t{1}}),
              HasSubstr("PATH: 'filters.0.name' REASON: Unknown column 'dep_dely'. Did you mean 'dep_delay'?"));
  for (const Value& value : {Value(), Value(1.0), Value("1"s), Value(true), Value(Datetime{})}) {
    EXPECT_THAT(refusal({"x", Operator::kEqual, value}),
                HasSubstr("PATH: 'filters.0.value' REASON: Expected a value of the type INTEGER."));
  }
  for (const Value& value : {Value(std::nan("")), Value(std::int64_t{1})}) {
    EXPECT_THAT(refusal({"f", Operator::kEqual, value}), HasSubstr("FLOAT"));
  }
}

TEST(Implies, ByBoundsAndType) {
  struct Case {
    Texts narrow;
    Texts wide;
    bool implied;
  };
  const std::vector<Case> cases{
      {{}, {}, true},
      {{"x > 3"}, {}, true},
      {{}, {"x > 3"}, false},
      {{}, {"x >= -9223372036854775808"}, false},  // null
      {{"x = 1"}, {"x >= -9223372036854775808"}, true},
      {{"x != 1"}, {"x >= -9223372036854775808"}, true},
      {{"x > 3"}, {"x > 3"}, true},
      {{"x > 3"}, {"x >= 3"}, true},
      {{"x >= 3"}, {"x > 3"}, false},
      {{"x > 3"}, {"x >= 4"}, true},
      {{"f > 3"}, {"f >= 4"}, false},
      {{"f > 3"}, {"f >= 3.0000000000000004"}, true},
      {{"x > 3"}, {"x != 3"}, true},
      {{"x != 3"}, {"x > 3"}, false},
      {{"x = 3"}, {"x > 1", "x < 9", "x != 5"}, true},
      {{"x > 1", "x < 9"}, {"x != 5"}, false},
      {{"x > 1", "x < 9", "x != 5"}, {"x != 5"}, true},
      {{"x > 1", "x < 3"}, {"x = 2"}, true},
      {{"y > 1"}, {"x > 1"}, false},
      {{"y > 1", "x > 1"}, {"x > 1"}, true},
      {{"x > 1", "x < 2"}, {"y > 1"}, true},  // no row passes
      {{"x > 1"}, {"y > 1", "y < 0"}, false},
      {{"b != true"}, {"b = false"}, true},
      {{"b = true"}, {"b = false"}, false},
      {{"name > A"}, {"name != ''"}, true},
      {{"name < é"}, {"name < z"}, false},
      {{"name > z"}, {"name >= é"}, false},
      {{"f >= -1.7976931348623157e308"}, {"f != 0"}, false},
      {{"t > 2013-01-05"}, {"t >= 2013-01-05T00:00:00.000000001"}, true},
      {{"t > 2013-01-05"}, {"t >= 2013-01-06"}, false},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(implies(filters_of(one.narrow), filters_of(one.wide)), one.implied)
        << fmt::format("{} => {}", fmt::join(one.narrow, ", "), fmt::join(one.wide, ", "));
  }
}

TEST(Implies, WithoutACommonOrderOnlyARepetitionDoes) {
  const Filter whole{"x", Operator::kGreater, std::int64_t{3}};
  const Filter number{"x", Operator::kGreater, 3.0};
  const Filter not_a_number{"x", Operator::kGreater, std::nan("")};
  EXPECT_FALSE(implies({whole}, {number}));
  EXPECT_TRUE(implies({whole, number}, {number}));
  EXPECT_FALSE(implies({whole}, {not_a_number}));
  EXPECT_FALSE(implies({{"x", Operator::kEqual, Value()}}, {number}));
  EXPECT_EQ(residual({whole}, {number}), std::vector<Filter>{whole});
}

TEST(Residual, IsWhatIsNotSaidYet) {
  struct Case {
    Texts narrow;
    Texts wide;
    Texts left;
  };
  const std::vector<Case> cases{
      {{"x > 5", "y = 2"}, {"x >= 3", "y = 2"}, {"x > 5"}},
      {{"x > 5"}, {}, {"x > 5"}},
      {{"x > 5"}, {"x > 5"}, {}},
      {{"x >= 6"}, {"x > 5"}, {}},
      {{"x > 1", "x < 5", "x != 3"}, {"x > 1", "x != 3"}, {"x < 5"}},
      {{"x > 1", "x > 2", "x > 2"}, {}, {"x > 2"}},
      {{"b = true"}, {"b != false"}, {}},
      {{"x > 5", "y = 2"}, {"t > 2013-01-05", "t < 2013-01-05"}, {}},
      {{"name != ''"}, {"name > A"}, {}},
      {{"name >= ''"}, {}, {"name >= ''"}},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(texts_of(residual(filters_of(one.narrow), filters_of(one.wide))), one.left)
        << fmt::format("{} | {}", fmt::join(one.narrow, ", "), fmt::join(one.wide, ", "));
  }
}

TEST(Contains, AsksForColumnsRowsAndBothRatios) {
  const auto spec = [](const Texts& columns, const Texts& filters, double ratio = 1) {
    return SliceSpec{columns, filters_of(filters), ratio};
  };
  const SliceSpec held = spec({"x", "name", "t"}, {"x > 3"});
  EXPECT_TRUE(contains(held, held));
  EXPECT_TRUE(contains(held, spec({"t"}, {"x > 3"})));
  EXPECT_TRUE(contains(held, spec({"t", "x"}, {"x > 3", "name = UA"})));
  EXPECT_TRUE(contains(held, spec({"t"}, {"x = 5"})));
  EXPECT_FALSE(contains(held, spec({"t", "y"}, {"x > 3"}))) << "a column that is not there";
  EXPECT_FALSE(contains(held, spec({"t"}, {"x > 3", "y = 1"}))) << "a filter on a column that is not there";
  EXPECT_FALSE(contains(held, spec({"t"}, {"x > 2"}))) << "rows that are not there";
  EXPECT_FALSE(contains(held, spec({"t"}, {}))) << "rows that are not there";
  EXPECT_FALSE(contains(held, spec({"t"}, {"x > 3"}, 0.5)));
  EXPECT_FALSE(contains(spec({"x", "t"}, {"x > 3"}, 0.5), spec({"t"}, {"x > 3"})));
  EXPECT_FALSE(contains(spec({"t"}, {}, 0.5), spec({"t"}, {}, 0.5))) << "equal requests need no residual";
  EXPECT_TRUE(contains(spec({"t"}, {"x > 3"}), spec({"t"}, {"x > 3"}))) << "a filter that holds needs no column";
  EXPECT_TRUE(contains(spec({"t"}, {"x > 3"}), spec({"t"}, {"x >= 4"})));
  EXPECT_FALSE(contains(spec({"t"}, {"x > 3"}), spec({"t"}, {"x > 4"})));
}

}  // namespace
}  // namespace lakelift::table
