#include "table/column_statistics.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace lakelift::table {
namespace {

ColumnStatistics numbers() {
  ColumnStatistics s;
  s.name = "dep_delay";
  s.type = ColumnType::kInteger;
  s.nulls = 8'255;
  s.null_share = 8'255.0 / 336'776;
  s.distinct = 527;
  s.minimum = Value(std::int64_t{-43});
  s.maximum = Value(std::int64_t{1'301});
  s.mean = 12.639;
  s.standard_deviation = 40.21;
  s.median = -2;
  s.histogram = {{std::int64_t{-43}, std::int64_t{25}, 7}, {std::int64_t{25}, std::int64_t{1'301}, 2}};
  s.top_values = {{std::int64_t{-5}, 24}, {std::int64_t{-4}, 24}, {std::int64_t{0}, 1}};
  return s;
}

TEST(ColumnStatistics, GoThroughTheirTextUnchanged) {
  ColumnStatistics text;
  text.name = "carrier";
  text.distinct = 40'000;
  text.distinct_is_exact = false;
  text.minimum = Value(std::string(""));
  text.maximum = Value(std::string("日本"));
  text.minimum_length = 0;
  text.maximum_length = 2;
  text.is_partial = true;
  ColumnStatistics flag;
  flag.name = "late";
  flag.type = ColumnType::kBoolean;
  flag.true_share = 0.25;
  flag.top_values = {{false, 3}, {true, 1}};
  ColumnStatistics at;
  at.name = "at";
  at.type = ColumnType::kDatetime;
  at.minimum = Value(Datetime{-1, 999'999'999});
  at.maximum = Value(Datetime{5, 0});
  const std::vector<ColumnStatistics> all{numbers(), text, flag, at};
  const auto parsed = parse_json(to_text(json::value(to_json(all))));
  ASSERT_TRUE(parsed);
  const auto read = statistics_list_from_json(*parsed);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_text(to_json(*read)), to_text(to_json(all)));
  EXPECT_EQ(find_statistics(*read, "late")->true_share, 0.25);
  EXPECT_EQ(find_statistics(*read, "Late"), nullptr);
}

RC_GTEST_PROP(ColumnStatisticsProperty, DoublesAreKeptToTheLastBit, (double mean, std::vector<double> edges)) {
  ColumnStatistics s;
  s.name = "x";
  s.type = ColumnType::kFloat;
  if (std::isfinite(mean)) s.mean = mean;
  std::erase_if(edges, [](double edge) { return !std::isfinite(edge); });
  std::ranges::sort(edges);
  edges.resize(std::min<std::size_t>(edges.size(), 20));
  for (std::size_t i = 1; i < edges.size(); ++i) s.histogram.push_back({edges[i - 1], edges[i], 1});
  const auto parsed = parse_json(to_text(json::value(to_json(s))));
  RC_ASSERT(parsed.has_value());
  const auto read = statistics_from_json(*parsed);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->mean == s.mean);
  for (std::size_t i = 0; i < s.histogram.size(); ++i) RC_ASSERT(read->histogram[i].minimum == s.histogram[i].minimum);
}

TEST(ColumnStatistics, NonsenseIsRefused) {
  const json::object good = to_json(numbers());
  ASSERT_TRUE(statistics_from_json(good));
  const auto refused = [&](const char* key, std::string_view text) {
    json::object wrong = good;
    wrong[key] = parse_json(text).value();
    const auto read = statistics_from_json(wrong);
    EXPECT_FALSE(read) << key << " " << text;
    return read ? std::string() : read.error().message;
  };
  EXPECT_EQ(refused("nulls", "-1"), "statistics of the column 'dep_delay': nulls is missing or not as it should be");
  for (const auto* text : {"\"\"", "null", "3"}) refused("name", text);
  for (const auto* text : {"\"INT\"", "null"}) refused("type", text);
  for (const auto* text : {"1.5", "\"1\"", "-1", "true"}) {
    for (const auto* key : {"nulls", "distinct", "min_length", "max_length", "not_finite"}) refused(key, text);
  }
  for (const auto* text : {"1.5", "-0.1", "\"0\""}) {
    for (const auto* key : {"null_share", "true_share"}) refused(key, text);
  }
  refused("std", "-1");
  refused("mean", "\"nan\"");
  refused("min", "1302");
  refused("min", "null");
  refused("max", "\"x\"");
  refused("max", "1.5");
  refused("distinct_is_exact", "null");
  refused("is_partial", "1");
}

TEST(ColumnStatistics, NonsenseInListsIsRefused) {
  const auto refused = [](const char* key, std::string_view text) {
    json::object wrong = to_json(numbers());
    wrong[key] = parse_json(text).value();
    EXPECT_FALSE(statistics_from_json(wrong)) << key << " " << text;
  };
  for (const auto* text :
       {"null", "[3]", R"([{"value_min":1,"value_max":2}])", R"([{"value_min":3,"value_max":2,"count":1}])",
        R"([{"value_min":1,"value_max":2,"count":-1}])", R"([{"value_min":"a","value_max":"b","count":1}])",
        R"([{"value_min":1,"value_max":2,"count":1},{"value_min":3,"value_max":4,"count":1}])"}) {
    refused("histogram", text);
  }
  for (const auto* text : {"{}", "[null]", R"([{"value":null,"count":1}])", R"([{"value":1,"count":0}])",
                           R"([{"value":1.5,"count":1}])", R"([{"value":1,"count":1},{"value":2,"count":2}])"}) {
    refused("top_values", text);
  }
  json::array long_list(21, json::object{{"value", 1}, {"count", 1}});
  refused("top_values", to_text(long_list));
  json::object text = to_json(numbers());
  text["type"] = "STRING";
  EXPECT_FALSE(statistics_from_json(text)) << "numbers in a column of texts";
}

TEST(ColumnStatistics, AListNamesEachColumnOnce) {
  EXPECT_FALSE(statistics_list_from_json(json::object{}));
  EXPECT_FALSE(statistics_list_from_json(json::array{3}));
  EXPECT_FALSE(statistics_list_from_json(json::array{to_json(numbers()), to_json(numbers())}));
  EXPECT_FALSE(statistics_list_from_json(json::array(10'001)));
  EXPECT_TRUE(statistics_list_from_json(json::array{})->empty());
}

TEST(ColumnStatistics, EveryKeyIsRequired) {
  const json::object good = to_json(numbers());
  for (const auto& member : good) {
    json::object wrong = good;
    wrong.erase(member.key());
    EXPECT_FALSE(statistics_from_json(wrong)) << member.key();
  }
}

}  // namespace
}  // namespace lakelift::table
