#include "domain/slices/estimate.h"

#include <gtest/gtest.h>

#include <random>

namespace lakelift::slices {
namespace {

using table::Bin;
using table::Column;
using table::ColumnType;
using table::Filter;
using table::Operator;
using table::Value;
using table::ValueCount;

constexpr std::int64_t kRows = 1'000;

// Whole numbers 0…999, once each, in ten bins.
Column whole_numbers() {
  std::vector<ValueCount> edges;
  for (std::int64_t i = 0; i < 10; ++i) edges.push_back({i * 100, 100});
  return {"n", ColumnType::kInteger, 4'000, false, false, edges, {}};
}

// Fractional numbers 0…10 in 800 rows; 200 nulls.
Column fractions() {
  std::vector<ValueCount> edges;
  for (int i = 0; i < 10; ++i) edges.push_back({double(i), 80});
  return {"f", ColumnType::kFloat, 8'000, true, false, edges, {}};
}

Column carriers() {
  return {"c",   ColumnType::kString,
          2'000, true,
          true,  std::vector<ValueCount>{{std::string("UA"), 600}, {std::string("AA"), 300}, {Value{}, 100}},
          {}};
}

double share(const Column& column, std::vector<Filter> filters, const std::vector<Bin>& bins = {}) {
  for (auto& filter : filters) filter.name = column.name;
  return column_selectivity(column, bins, filters, kRows);
}

TEST(Selectivity, WholeNumbersByBins) {
  const Column n = whole_numbers();
  EXPECT_NEAR(share(n, {{"", Operator::kLess, std::int64_t{250}}}), 0.25, 1e-9);
  EXPECT_NEAR(share(n, {{"", Operator::kLessEqual, std::int64_t{249}}}), 0.25, 1e-9);
  EXPECT_NEAR(share(n, {{"", Operator::kGreaterEqual, std::int64_t{900}}}), 0.1, 1e-9);
  EXPECT_NEAR(share(n, {{"", Operator::kGreater, std::int64_t{899}}}), 0.1, 1e-9);
  EXPECT_NEAR(share(n, {{"", Operator::kEqual, std::int64_t{999}}}), 0.001, 1e-9);
  EXPECT_NEAR(share(n, {{"", Operator::kNotEqual, std::int64_t{5}}}), 0.999, 1e-9);
  EXPECT_NEAR(share(n, {{"", Operator::kEqual, std::int64_t{5'000}}}), 0, 1e-9);
  EXPECT_NEAR(share(n, {{"", Operator::kGreater, std::int64_t{-5}}}), 1, 1e-9);
}

TEST(Selectivity, FiltersOnOneColumnAreTakenTogether) {
  const Column n = whole_numbers();
  EXPECT_NEAR(share(n, {{"", Operator::kGreaterEqual, std::int64_t{100}}, {"", Operator::kLess, std::int64_t{300}}}),
              0.2, 1e-9);
  EXPECT_EQ(share(n, {{"", Operator::kGreater, std::int64_t{300}}, {"", Operator::kLess, std::int64_t{100}}}), 0);
  EXPECT_EQ(share(n, {{"", Operator::kEqual, std::int64_t{3}}, {"", Operator::kEqual, std::int64_t{4}}}), 0);
  EXPECT_EQ(share(n, {{"", Operator::kEqual, std::int64_t{3}}, {"", Operator::kNotEqual, std::int64_t{3}}}), 0);
}

TEST(Selectivity, NullsPassNothing) {
  const Column f = fractions();
  EXPECT_NEAR(share(f, {{"", Operator::kGreaterEqual, 0.0}}), 0.8, 1e-9);
  EXPECT_NEAR(share(f, {{"", Operator::kLess, 2.5}}), 0.2, 1e-9);
  EXPECT_NEAR(share(carriers(), {{"", Operator::kNotEqual, std::string("UA")}}), 0.3, 1e-9);
}

TEST(Selectivity, ListedValuesAreExact) {
  EXPECT_NEAR(share(carriers(), {{"", Operator::kEqual, std::string("UA")}}), 0.6, 1e-9);
  EXPECT_NEAR(share(carriers(), {{"", Operator::kLess, std::string("B")}}), 0.3, 1e-9);
  EXPECT_EQ(share(carriers(), {{"", Operator::kEqual, std::string("ZZ")}}), 0);
}

TEST(Selectivity, AValueThatALongListDoesNotShowIsRare) {
  std::vector<ValueCount> top;
  for (int i = 0; i < 20; ++i) top.push_back({std::string(1, static_cast<char>('a' + i)), 20});
  const Column column{"s", ColumnType::kString, 1'000, false, false, top, {}};
  const double one = share(column, {{"", Operator::kEqual, std::string("zzz")}});
  EXPECT_GT(one, 0);
  EXPECT_LE(one, 0.02);
  EXPECT_NEAR(share(column, {{"", Operator::kEqual, std::string("a")}}), 0.02, 1e-9);
  EXPECT_NEAR(share(column, {{"", Operator::kNotEqual, std::string("a")}}), 0.98, 1e-9);
}

TEST(Selectivity, BinsOfAProfileCountMoreThanTheirEdges) {
  const std::vector<Bin> bins{{std::int64_t{0}, std::int64_t{10}, 900}, {std::int64_t{10}, std::int64_t{19}, 100}};
  EXPECT_NEAR(share(whole_numbers(), {{"", Operator::kGreaterEqual, std::int64_t{10}}}, bins), 0.1, 1e-9);
  EXPECT_NEAR(share(whole_numbers(), {{"", Operator::kGreaterEqual, std::int64_t{19}}}, bins), 0.01, 1e-9);
  EXPECT_EQ(share(whole_numbers(), {{"", Operator::kGreater, std::int64_t{19}}}, bins), 0);
}

TEST(Selectivity, NumbersThatAreNoEdgesAreValues) {
  const Column falling{"x", ColumnType::kInteger, 8, false, false, {{{std::int64_t{9}, 700}, {std::int64_t{1}, 300}}},
                       {}};
  EXPECT_NEAR(share(falling, {{"", Operator::kEqual, std::int64_t{9}}}), 0.7, 1e-9);
  const Column alone{"x", ColumnType::kFloat, 8, false, false, {{{2.5, 1'000}}}, {}};
  EXPECT_NEAR(share(alone, {{"", Operator::kEqual, 2.5}}), 1, 1e-9);
}

TEST(Selectivity, WithoutADistributionItGuesses) {
  const Column column{"x", ColumnType::kString, 1'000, true, false, {}, {}};
  EXPECT_NEAR(share(column, {{"", Operator::kEqual, std::string("a")}}), 0.1, 1e-9);
  EXPECT_NEAR(share(column, {{"", Operator::kGreater, std::string("a")}}), 1.0 / 3, 1e-9);
}

// Against counting, over random tables and filters: bins are uniform here, so the error is that of the edges alone.
TEST(Selectivity, ComesCloseToCounting) {
  std::mt19937_64 random(7);
  const Column n = whole_numbers();
  for (int round = 0; round < 500; ++round) {
    const auto low = static_cast<std::int64_t>(random() % 1'000);
    const auto high = static_cast<std::int64_t>(random() % 1'000);
    const double counted = static_cast<double>(std::max<std::int64_t>(0, high - low)) / kRows;
    EXPECT_NEAR(share(n, {{"", Operator::kGreaterEqual, low}, {"", Operator::kLess, high}}), counted, 1e-9);
  }
}

catalogue::CatalogueItem item() {
  catalogue::CatalogueItem out;
  out.spec = {whole_numbers(), fractions(), carriers()};
  out.rows = kRows;
  return out;
}

TEST(Estimate, SizesTimesSharesTimesRatio) {
  EXPECT_EQ(estimate_bytes(item(), {{"n", "f", "c"}, {}, 1}), 14'000);
  EXPECT_EQ(estimate_bytes(item(), {{"n"}, {}, 0.5}), 2'000);
  EXPECT_EQ(estimate_bytes(item(), {{"n"}, {}, 0}), 0);
  EXPECT_EQ(estimate_bytes(item(), {{"n"}, {{"c", Operator::kEqual, std::string("UA")}}, 1}), 2'400);
  // Columns are taken as independent.
  EXPECT_EQ(
      estimate_bytes(
          item(), {{"f"}, {{"c", Operator::kEqual, std::string("UA")}, {"n", Operator::kLess, std::int64_t{500}}}, 1}),
      2'400);
}

TEST(Estimate, WithoutSizesByTypeAndRows) {
  auto bare = item();
  for (auto& column : bare.spec) column.size.reset();
  EXPECT_EQ(estimate_bytes(bare, {{"n", "c"}, {}, 1}), kRows * 24);
  bare.rows.reset();
  EXPECT_EQ(estimate_bytes(bare, {{"n", "c"}, {}, 1}), 0);
}

TEST(Estimate, HostileSizesDoNotOverflow) {
  auto huge = item();
  for (auto& column : huge.spec) column.size = std::numeric_limits<std::int64_t>::max();
  EXPECT_GT(estimate_bytes(huge, {{"n", "f", "c"}, {}, 1}), 0);
  huge.spec[0].size = -5;
  EXPECT_EQ(estimate_bytes(huge, {{"n"}, {}, 1}), 0);
}

}  // namespace
}  // namespace lakelift::slices
