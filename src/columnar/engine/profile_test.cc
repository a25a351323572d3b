#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "columnar/engine/column_profile.h"
#include "columnar/engine/histogram.h"
#include "columnar/engine/testing/engine_fixture.h"
#include "columnar/engine/value_counter.h"

namespace lakelift::columnar {
namespace {

using namespace testing;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Counts = std::vector<std::pair<std::string, std::int64_t>>;

TEST(ValueCounter, IsExactWhileValuesFit) {
  ValueCounter counter(10, 1000);
  for (const auto* key : {"a", "b", "a", "c", "a", "b"}) counter.add(key);
  EXPECT_TRUE(counter.exact());
  EXPECT_EQ(counter.distinct(), 3U);
  EXPECT_EQ(counter.top(2), (Counts{{"a", 3}, {"b", 2}}));
}

TEST(ValueCounter, FrequentValuesSurviveAndAreRecountedExactly) {
  ValueCounter counter(50, 1'000'000);
  const auto feed = [&] {
    for (int i = 0; i < 20'000; ++i) {
      counter.add("rare" + std::to_string(i));
      if (i % 10 == 0) counter.add("common");
      if (i % 5 == 0) counter.add("most common");
    }
  };
  feed();
  EXPECT_FALSE(counter.exact());
  counter.recount();
  feed();
  EXPECT_EQ(counter.top(2), (Counts{{"most common", 4'000}, {"common", 2'000}}));
}

TEST(ValueCounter, LongKeysAreBounded) {
  ValueCounter counter(1'000'000, 10'000);
  for (int i = 0; i < 1'000; ++i) counter.add(std::string(100, 'x') + std::to_string(i));
  EXPECT_FALSE(counter.exact());
  EXPECT_LE(counter.distinct(), 100U);
}

RC_GTEST_PROP(ValueCounterProperty, EveryValueAboveTheShareIsFound, (std::vector<std::uint8_t> values)) {
  ValueCounter counter(4, 1000);
  std::map<std::string, std::int64_t> truth;
  for (const auto value : values) ++truth[std::to_string(value % 16)];
  for (const auto value : values) counter.add(std::to_string(value % 16));
  counter.recount();
  for (const auto value : values) counter.add(std::to_string(value % 16));
  const auto top = counter.top(100);
  for (const auto& [key, count] : truth) {
    const auto entry = std::find(top.begin(), top.end(), std::pair(key, count));
    if (count > static_cast<std::int64_t>(values.size() / 5)) RC_ASSERT(entry != top.end());
  }
}

std::int64_t total(const std::vector<table::Bin>& bins) {
  std::int64_t sum = 0;
  for (const auto& bin : bins) sum += bin.count;
  return sum;
}

TEST(Histogram, WholeNumbers) {
  WholeHistogram few;
  for (const int value : {3, 1, 2}) few.widen(value);
  few.start();
  for (const int value : {3, 1, 2, 3}) few.count(value);
  const auto bins = few.bins();
  ASSERT_EQ(bins.size(), 3U);
  EXPECT_EQ(bins[0].minimum, table::Value(std::int64_t{1}));
  EXPECT_EQ(bins[2].maximum, table::Value(std::int64_t{3}));
  EXPECT_EQ(bins[2].count, 2);
}

TEST(Histogram, TheWidestRanges) {
  WholeHistogram whole;
  const auto low = std::numeric_limits<std::int64_t>::min();
  const auto high = std::numeric_limits<std::int64_t>::max();
  for (const auto value : {low, high}) whole.widen(value);
  whole.start();
  for (const auto value : {low, std::int64_t{0}, high}) whole.count(value);
  EXPECT_EQ(whole.bins().size(), 20U);
  EXPECT_EQ(total(whole.bins()), 3);
  EXPECT_EQ(whole.bins().back().maximum, table::Value(high));

  FloatHistogram floats;
  const double most = std::numeric_limits<double>::max();
  for (const double value : {-most, most, std::nan(""), kInfinity}) floats.widen(value);
  floats.start();
  for (const double value : {-most, 0.0, most, std::nan(""), -kInfinity}) floats.count(value);
  EXPECT_EQ(total(floats.bins()), 3);
  EXPECT_EQ(floats.bins().front().minimum, table::Value(-most));
}

TEST(Histogram, OneValueAndNone) {
  FloatHistogram one;
  one.widen(2.5);
  one.start();
  one.count(2.5);
  ASSERT_EQ(one.bins().size(), 1U);
  EXPECT_EQ(one.bins()[0].count, 1);
  FloatHistogram none;
  none.start();
  EXPECT_TRUE(none.bins().empty());
}

RC_GTEST_PROP(HistogramProperty, EveryValueIsInItsBin, (std::vector<double> values)) {
  FloatHistogram histogram;
  for (const double value : values) histogram.widen(value);
  histogram.start();
  for (const double value : values) histogram.count(value);
  const auto bins = histogram.bins();
  RC_ASSERT(total(bins) == static_cast<std::int64_t>(values.size()));
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const auto inside = std::count_if(values.begin(), values.end(), [&](double value) {
      const bool last = i + 1 == bins.size();
      return value >= std::get<double>(bins[i].minimum) &&
             (last ? value <= std::get<double>(bins[i].maximum) : value < std::get<double>(bins[i].maximum));
    });
    RC_ASSERT(bins[i].count == inside);
  }
}

ProfileReport profile_of(const TablePtr& table, ProfileJob job = {}) {
  Lake lake;
  lake.add("x.parquet", parquet_of(*table, 100));
  auto report = profile(lake.context(), job);
  EXPECT_TRUE(report) << report.error().message;
  return report.value_or(ProfileReport{});
}

TEST(Profile, WhatTheContractSays) {
  const auto report = profile_of(table_of({{"n", ints({1, 2, std::nullopt, 40})},
                                           {"s", texts({"a", "b", "a", std::nullopt})},
                                           {"b", bools({true, true, false, true})},
                                           {"t", wholes(arrow::date32(), {5, 5, 6, std::nullopt})},
                                           {"none", texts({std::nullopt, std::nullopt, std::nullopt, std::nullopt})}}));
  ASSERT_EQ(report.columns.size(), 5U);
  EXPECT_EQ(report.rows, 4);
  EXPECT_EQ(report.null_shares, (std::vector<double>{0.25, 0.25, 0, 0.25, 1}));
  const auto& bins = report.statistics[0].histogram;
  EXPECT_EQ(bins.size(), 20U);
  EXPECT_EQ(total(bins), 3);
  EXPECT_EQ(report.columns[0].distribution->size(), 20U);
  EXPECT_EQ((*report.columns[0].distribution)[19].value, bins[19].minimum);
  const auto& values = *report.columns[1].distribution;
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0].value, table::Value("a"));
  EXPECT_EQ(values[0].count, 2);
  EXPECT_TRUE(report.columns[1].is_enum);
  EXPECT_FALSE(report.columns[2].is_enum);
  EXPECT_EQ((*report.columns[2].distribution)[0].value, table::Value(true));
  EXPECT_EQ((*report.columns[3].distribution)[0].value, table::Value(table::Datetime{5 * 86'400, 0}));
  EXPECT_FALSE(report.columns[4].distribution);
  EXPECT_FALSE(report.columns[4].is_enum);
}

TEST(Profile, ManyValuesAreNoEnum) {
  std::vector<std::optional<std::string>> values;
  for (std::size_t i = 0; i <= kEnumValues; ++i) values.emplace_back("v" + std::to_string(i));
  EXPECT_FALSE(profile_of(table_of({{"s", texts(values)}})).columns[0].is_enum);
  values.pop_back();
  EXPECT_TRUE(profile_of(table_of({{"s", texts(values)}})).columns[0].is_enum);
}

TEST(Profile, SamplesAreRandomDistinctAndRepeatable) {
  std::vector<std::optional<std::int64_t>> values;
  for (int i = 0; i < 1'000; ++i) values.emplace_back(i);
  const auto table = table_of({{"n", ints(values)}});
  const auto sample = profile_of(table, {.sample_rows = 10, .seed = 1}).sample;
  ASSERT_EQ(sample.size(), 10U);
  for (std::size_t i = 1; i < sample.size(); ++i) EXPECT_LT(sample[i - 1], sample[i]);
  EXPECT_EQ(sample, profile_of(table, {.sample_rows = 10, .seed = 1}).sample);
  EXPECT_NE(sample, profile_of(table, {.sample_rows = 10, .seed = 2}).sample);
  EXPECT_EQ(profile_of(table, {.sample_rows = 5'000, .seed = 1}).sample.size(), 1'000U);
}

TEST(Profile, FiguresOfEachType) {
  const auto report = profile_of(table_of({{"n", ints({1, 2, std::nullopt, 40})},
                                           {"f", doubles({0.5, std::nan(""), kInfinity, -0.0})},
                                           {"s", texts({"b", "\xC3\xA4\xC3\xA4", "", std::nullopt})},
                                           {"b", bools({true, std::nullopt, false, true})},
                                           {"t", wholes(arrow::timestamp(arrow::TimeUnit::MILLI), {5, -5, 6, 6})}}));
  ASSERT_EQ(report.statistics.size(), 5U);
  const auto& n = report.statistics[0];
  EXPECT_EQ(n.name, "n");
  EXPECT_EQ(n.nulls, 1);
  EXPECT_EQ(n.distinct, 3);
  EXPECT_TRUE(n.distinct_is_exact);
  EXPECT_EQ(n.minimum, table::Value(std::int64_t{1}));
  EXPECT_EQ(n.maximum, table::Value(std::int64_t{40}));
  EXPECT_DOUBLE_EQ(*n.mean, 43.0 / 3);
  EXPECT_DOUBLE_EQ(*n.standard_deviation, 22.233608194203058);
  EXPECT_EQ(n.median, 2);
  EXPECT_EQ(n.top_values.size(), 3U);
  EXPECT_FALSE(n.is_partial || n.not_finite || n.true_share);
  const auto& f = report.statistics[1];
  EXPECT_EQ(f.distinct, 4);
  EXPECT_EQ(f.not_finite, 2);
  EXPECT_EQ(f.minimum, table::Value(0.0));
  EXPECT_EQ(f.mean, 0.25);
  EXPECT_EQ(f.median, 0.25);
  EXPECT_EQ(f.top_values.size(), 2U);
  const auto& s = report.statistics[2];
  EXPECT_EQ(s.minimum, table::Value(std::string()));
  EXPECT_EQ(s.maximum, table::Value(std::string("\xC3\xA4\xC3\xA4")));
  EXPECT_EQ(s.minimum_length, 0);
  EXPECT_EQ(s.maximum_length, 2);
  EXPECT_EQ(report.statistics[3].true_share, 2.0 / 3);
  EXPECT_EQ(report.statistics[3].distinct, 2);
  EXPECT_FALSE(report.statistics[3].minimum);
  const auto& t = report.statistics[4];
  EXPECT_EQ(t.minimum, table::Value(table::Datetime{-1, 995'000'000}));
  EXPECT_EQ(t.maximum, table::Value(table::Datetime{0, 6'000'000}));
  EXPECT_EQ(t.top_values[0].count, 2);
  EXPECT_EQ(t.top_values[1].value, t.minimum);
}

TEST(Profile, NothingIsKnownOfNothing) {
  const auto report = profile_of(table_of({{"n", ints({std::nullopt})}, {"s", texts({std::nullopt})}}));
  for (const auto& figures : report.statistics) {
    EXPECT_EQ(figures.null_share, 1.0);
    EXPECT_EQ(figures.distinct, 0);
    EXPECT_FALSE(figures.minimum || figures.mean || figures.standard_deviation || figures.median);
    EXPECT_TRUE(figures.histogram.empty() && figures.top_values.empty());
  }
  const auto one = profile_of(table_of({{"n", ints({7, std::nullopt})}})).statistics[0];
  EXPECT_EQ(one.mean, 7);
  EXPECT_FALSE(one.standard_deviation);
}

TEST(Profile, UnsignedNumbersBeyondInt64) {
  const auto top = std::numeric_limits<std::int64_t>::max();
  const auto report = profile_of(table_of({{"u", wholes(arrow::uint64(), {-1, -1, 0, top, -2})}}));
  const auto& u = report.statistics[0];
  EXPECT_EQ(u.distinct, 4);
  EXPECT_EQ(u.maximum, table::Value(top));
  EXPECT_DOUBLE_EQ(*u.mean, (0x1p64L * 3 - 4 + static_cast<long double>(top)) / 5);
  EXPECT_EQ(u.top_values.size(), 2U) << "those beyond int64 are not listed";
  EXPECT_EQ(total(u.histogram), 5);
  for (std::size_t i = 1; i < u.histogram.size(); ++i) EXPECT_LT(u.histogram[i - 1].minimum, u.histogram[i].minimum);
}

TEST(Profile, TimesThatNobodyCanReadAreNotShown) {
  const auto report = profile_of(table_of({{"t", wholes(arrow::date64(), {0, 900'000'000'000'000})}}));
  EXPECT_FALSE(report.statistics[0].maximum);
  EXPECT_EQ(report.statistics[0].distinct, 2);
  EXPECT_EQ(report.columns[0].distribution->size(), 1U);
}

std::vector<std::optional<std::int64_t>> many_numbers(std::int64_t count) {
  std::vector<std::optional<std::int64_t>> out;
  for (std::int64_t i = 0; i < count; ++i) out.emplace_back(i * 7 % count);
  return out;
}

TEST(Profile, LargeTablesAreProfiledByAPart) {
  const auto table = table_of({{"n", ints(many_numbers(20'000))}});
  const auto report = profile_of(table, {.seed = 3, .most_rows = 5'000});
  EXPECT_EQ(report.rows, 20'000);
  EXPECT_GT(report.rows_profiled, 3'000);
  EXPECT_LT(report.rows_profiled, 7'000);
  EXPECT_EQ(report.rows_profiled % 100, 0) << "whole row groups";
  EXPECT_TRUE(report.statistics[0].is_partial);
  EXPECT_EQ(report.statistics[0].distinct, report.rows_profiled);
  EXPECT_EQ(total(report.statistics[0].histogram), report.rows_profiled);
  EXPECT_NEAR(*report.statistics[0].mean, 10'000, 3'000);
  EXPECT_EQ(profile_of(table, {.seed = 3, .most_rows = 5'000}).rows_profiled, report.rows_profiled);
  EXPECT_EQ(profile_of(table, {.seed = 3, .most_rows = 1}).rows_profiled, 100) << "never none";
  EXPECT_FALSE(profile_of(table, {.seed = 3, .most_rows = 20'000}).statistics[0].is_partial);
}

TEST(Profile, BothPassesSeeTheSameGroups) {
  std::vector<std::optional<std::string>> values;
  for (int i = 0; i < 40'000; ++i) values.emplace_back(i % 4 == 0 ? "common" : "rare" + std::to_string(i));
  const auto report = profile_of(table_of({{"s", texts(values)}}), {.seed = 1, .most_rows = 36'000});
  ASSERT_LT(report.rows_profiled, 40'000);
  EXPECT_EQ(report.statistics[0].top_values[0].count, report.rows_profiled / 4);
  EXPECT_NEAR(static_cast<double>(*report.statistics[0].distinct), 1 + 0.75 * report.rows_profiled, 1);
}

TEST(Profile, LongCellsAreCutAtACharacter) {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += "\xC3\xA4";
  const auto report = profile_of(table_of({{"s", texts({text})}}));
  const auto& cell = std::get<std::string>(report.sample.at(0).at(0));
  EXPECT_LE(cell.size(), limits::kSampleCellBytes);
  EXPECT_TRUE(cell.ends_with("\xC3\xA4\xE2\x80\xA6"));
}

}  // namespace
}  // namespace lakelift::columnar
