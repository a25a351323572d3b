#include "columnar/engine/region_filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "columnar/engine/row_sampler.h"
#include "columnar/engine/testing/random_table.h"

namespace lakelift::columnar {
namespace {

using namespace testing;
using table::Operator;
using table::Region;
using Values = std::vector<table::Value>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

table::Value whole(std::int64_t number) { return number; }

SliceJob job_of(std::vector<std::string> columns, std::vector<Region> regions) {
  SliceJob job;
  job.spec.columns = std::move(columns);
  job.sampling_seed = "item";
  job.regions = std::move(regions);
  return job;
}

Lake& all_of_region(Lake& lake, const std::vector<std::string>& paths) {
  std::vector<std::pair<std::string, std::optional<std::size_t>>> inputs;
  for (const auto& path : paths) inputs.emplace_back(path, 0);
  return lake.set_inputs(std::move(inputs));
}

Values kept(Lake& lake, const SliceJob& job, const std::string& column) {
  const auto table = lake.run_slice(job);
  EXPECT_TRUE(table) << table.error().message;
  return table ? cells(**table, column) : Values{};
}

class Regions : public ::testing::TestWithParam<unsigned> {};

std::vector<std::pair<std::string, std::optional<std::size_t>>> inputs_of(RandomTable& table, std::size_t regions) {
  std::vector<std::pair<std::string, std::optional<std::size_t>>> inputs;
  for (const auto& row : table.rows()) {
    if (!inputs.empty() && inputs.back().first == row.path) continue;
    inputs.emplace_back(row.path, static_cast<std::size_t>(table.below(static_cast<int>(regions))));
    if (table.below(4) == 0) inputs.back().second.reset();
  }
  return inputs;
}

// Against brute force: several regions, filters and a ratio together.
TEST_P(Regions, KeepTheRowsThatLieInThem) {
  for (unsigned round = 0; round < 40; ++round) {
    RandomTable table(GetParam() * 1000 + round, 300);
    std::vector<Region> regions(3);
    for (auto& region : regions) {
      for (int boxes = table.below(round % 5 == 0 ? 100 : 5); boxes > 0; --boxes) region.push_back(table.box());
    }
    const auto inputs = inputs_of(table, regions.size());
    auto job = job_of({"id"}, regions);
    job.spec.ratio = table.below(2) == 0 ? 1 : 0.5;
    if (table.below(2) == 0) job.spec.filters = {{"id", Operator::kGreater, table.literal("id")}};
    if (table.below(2) == 0) job.spec.columns = {"id", "s", "u", "x"};
    const auto expected = ids_where(table.rows(), [&](const RandomRow& row) {
      const auto input =
          std::ranges::find(inputs, row.path, &std::pair<std::string, std::optional<std::size_t>>::first);
      const bool passes = job.spec.filters.empty() || row.cells.at("id") > job.spec.filters[0].value;
      return passes && RowSampler("item", row.path, job.spec.ratio).keeps(row.number) &&
             (!input->second || lies_in(row, regions[*input->second]));
    });
    table.lake().set_inputs(inputs);
    ASSERT_EQ(kept(table.lake(), job, "id"), expected) << "round " << round;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Regions, ::testing::Range(1U, 6U));

TEST(Region, OfNoBoxHasNoRowAndOfAnEmptyBoxAll) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints({1, 2, std::nullopt})}})));
  all_of_region(lake, {"a.parquet"});
  EXPECT_TRUE(kept(lake, job_of({"n"}, {Region{}}), "n").empty());
  EXPECT_EQ(kept(lake, job_of({"n"}, {Region{{}}}), "n").size(), 3U);
  EXPECT_EQ(kept(lake, job_of({"n"}, {Region{{{"n", std::nullopt, std::nullopt, false}}}}), "n"),
            (Values{whole(1), whole(2)}));
}

// Statistics decide without decoding: what is surely inside, and what is surely outside.
TEST(Region, ReadsOnlyRowGroupsThatOverlapIt) {
  std::vector<std::optional<std::int64_t>> n;
  std::vector<std::optional<std::string>> heavy;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    n.emplace_back(i);
    heavy.emplace_back(std::to_string(i * 7919 % 10'007) + std::string(40, 'x'));
  }
  Lake lake;
  const auto file = parquet_of(*table_of({{"n", ints(n)}, {"heavy", texts(heavy)}}), 1'000);
  lake.add("a.parquet", file);
  all_of_region(lake, {"a.parquet"});
  const auto report = slice(lake.context(), job_of({"heavy"}, {Region{{{"n", whole(2'500), whole(2'600), false}}}}));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->rows, 100);
  EXPECT_EQ(report->rows_read, 1'000);
  EXPECT_LT(report->bytes_read, file->size() / 5);

  const auto two = slice(
      lake.context(),
      job_of({"heavy"}, {Region{{{"n", whole(0), whole(10), false}}, {{"n", whole(9'990), std::nullopt, true}}}}));
  ASSERT_TRUE(two) << two.error().message;
  EXPECT_EQ(two->rows, 20);
  EXPECT_EQ(two->rows_read, 2'000);
}

TEST(Region, OfWhatLiesWhollyInItNoColumnIsLookedAt) {
  std::vector<std::optional<std::int64_t>> n;
  std::vector<std::optional<std::string>> heavy;
  for (std::int64_t i = 0; i < 5'000; ++i) {
    n.emplace_back(i);
    heavy.emplace_back(std::to_string(i * 7919 % 10'007) + std::string(40, 'x'));
  }
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints(n)}, {"heavy", texts(heavy)}}), 1'000));
  all_of_region(lake, {"a.parquet"});
  const auto inside = slice(lake.context(), job_of({"n"}, {Region{{{"heavy", std::nullopt, "a", false}}}}));
  ASSERT_TRUE(inside) << inside.error().message;
  EXPECT_EQ(inside->rows, 5'000);
  const auto plain = slice(lake.context(), job_of({"n"}, {Region{{}}}));
  ASSERT_TRUE(plain);
  EXPECT_EQ(inside->bytes_read, plain->bytes_read);
}

TEST(Region, RulesOutFilesByTheirPartitionsWithoutOpeningThem) {
  Lake lake;
  std::vector<std::string> paths;
  for (int i = 0; i < 8; ++i) {
    paths.push_back("day=" + std::to_string(i) + "/x.parquet");
    lake.add(paths.back(), parquet_of(*table_of({{"n", ints({i})}})));
  }
  all_of_region(lake, paths);
  EXPECT_EQ(kept(lake, job_of({"n"}, {Region{{{"day", whole(3), whole(5), false}}}}), "n"),
            (Values{whole(3), whole(4)}));
  EXPECT_EQ(lake.opened(), 10);  // eight footers, and two files again
}

TEST(Region, OneFileMayComeTwice) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints({1, 2, 3, 4})}})));
  lake.set_inputs({{"a.parquet", 1}, {"a.parquet", 0}});
  const std::vector<Region> regions{Region{{{"n", std::nullopt, whole(2), true}}},
                                    Region{{{"n", whole(3), std::nullopt, false}}}};
  EXPECT_EQ(kept(lake, job_of({"n"}, regions), "n"), (Values{whole(3), whole(4), whole(1)}));
}

TEST(Region, NanAndInfinityAreNumbersOfItsOrder) {
  const double nan = std::nan("");
  Lake lake;
  lake.add("a.parquet",
           parquet_of(*table_of({{"n", ints({0, 1, 2, 3})}, {"x", doubles({1.0, kInfinity, nan, {}})}}), 2));
  all_of_region(lake, {"a.parquet"});
  EXPECT_EQ(kept(lake, job_of({"n"}, {Region{{{"x", kInfinity, std::nullopt, false}}}}), "n"),
            (Values{whole(1), whole(2)}));
  EXPECT_EQ(kept(lake, job_of({"n"}, {Region{{{"x", std::nullopt, kInfinity, true}}}}), "n"),
            (Values{whole(0), whole(3)}));
}

TEST(Region, OfAnUnknownColumnOrTypeIsRefused) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints({1})}, {"s", texts({"a"})}})));
  all_of_region(lake, {"a.parquet"});
  const auto message = [&](table::Range range) {
    const auto table = lake.run_slice(job_of({"n"}, {Region{{std::move(range)}}}));
    EXPECT_FALSE(table);
    return table ? "" : table.error().message;
  };
  EXPECT_EQ(message({"nope", whole(1), std::nullopt, false}), "the table has no column 'nope'");
  EXPECT_EQ(message({"s", whole(1), std::nullopt, false}), "a range of 's' needs values of the type STRING");
  EXPECT_EQ(message({"n", "1", std::nullopt, false}), "a range of 'n' needs values of the type INTEGER");
}

Lake pieces() {
  Lake lake;
  lake.add("1", parquet_of(*table_of({{"a", ints({1, 2})}, {"b", ints({5, 6})}, {"other", texts({"x", "y"})}})))
      .add("2", parquet_of(*table_of({{"a", ints({3})}, {"other", ints({7})}})));
  return lake;
}

TEST(Pieces, NeedAgreeOnlyInWhatIsAskedFor) {
  Lake lake = pieces();
  lake.set_inputs({{"1", 0}, {"2", std::nullopt}});
  auto job = job_of({"a"}, {Region{{{"b", whole(6), std::nullopt, false}}}});
  EXPECT_FALSE(lake.run_slice(job)) << "'other' does not agree";
  job.ignores_other_columns = true;
  EXPECT_EQ(kept(lake, job, "a"), (Values{whole(2), whole(3)}));
}

TEST(Pieces, MustHaveWhatIsAskedFor) {
  Lake lake = pieces();
  lake.set_inputs({{"1", std::nullopt}, {"2", 0}});
  auto job = job_of({"a"}, {Region{{{"b", whole(6), std::nullopt, false}}}});
  job.ignores_other_columns = true;
  EXPECT_EQ(lake.run_slice(job).error().message, "2, column 'b': is not there, but the slice needs it");
  job = job_of({"a"}, {});
  job.ignores_other_columns = true;
  job.spec.filters = {{"b", Operator::kGreater, whole(0)}};
  lake.set_inputs({});
  EXPECT_EQ(lake.run_slice(job).error().message, "2, column 'b': is not there, but the slice needs it");
  job.spec = {{"other"}, {}, 1};
  EXPECT_NE(lake.run_slice(job).error().message.find("need the same types"), std::string::npos);
}

}  // namespace
}  // namespace lakelift::columnar
