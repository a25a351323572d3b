// Row keys: a slice with them stands for its table when a ratio chooses rows.
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "columnar/engine/row_sampler.h"
#include "columnar/engine/testing/random_table.h"

namespace lakelift::columnar {
namespace {

using namespace testing;
using Values = std::vector<table::Value>;
const std::string kKey(kRowKeyColumn);

SliceJob with_keys(std::vector<std::string> columns) {
  SliceJob job;
  job.spec.columns = std::move(columns);
  job.sampling_seed = "item";
  job.with_row_keys = true;
  return job;
}

SliceJob share_of(std::vector<std::string> columns, double ratio) {
  SliceJob job;
  job.spec = {std::move(columns), {}, ratio};
  job.by_row_keys = true;
  job.sampling_seed = "something else";
  return job;
}

TEST(RowKeys, AreTheHashesOfTheSampler) {
  RandomTable table(1, 500);
  auto job = with_keys({"id", "x"});
  job.is_of_source = true;
  const auto made = table.lake().run_slice(job);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ((*made)->schema()->field_names(), (std::vector<std::string>{"id", "x", kKey}));
  EXPECT_FALSE((*made)->schema()->field(2)->nullable());
  EXPECT_EQ((*made)->schema()->field(2)->type()->id(), arrow::Type::INT64);
  const auto keys = cells(**made, kKey);
  ASSERT_EQ(keys.size(), table.rows().size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& row = table.rows()[i];
    EXPECT_EQ(keys[i], table::Value(static_cast<std::int64_t>(RowHash("item", row.path)(row.number))));
  }
}

// A share of the table = the same share of a slice with keys = of a slice of that slice.
TEST(RowKeys, KeepTheRowsThatTheTableWouldKeep) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    RandomTable table(seed, 600);
    auto first = with_keys({"id", "n"});
    first.is_of_source = true;
    const table::Filter filter{"id", table::Operator::kGreaterEqual, table.literal("id")};
    first.spec.filters = {filter};
    const auto whole = table.lake().run_slice(first);
    ASSERT_TRUE(whole) << whole.error().message;
    Lake held;
    held.add("held", parquet_of(**whole, 37));

    auto second = with_keys({"id"});
    second.spec.filters = {{"id", table::Operator::kNotEqual, table.literal("id")}};
    const auto again = held.run_slice(second);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ((*again)->schema()->field_names(), (std::vector<std::string>{"id", kKey}));
    Lake twice;
    twice.add("twice", parquet_of(**again, 11));

    for (const double ratio : {0.0, 1e-12, 0.01, 0.3, 0.5, 0.5000001, 0.75, 0.999, 1.0}) {
      const auto direct = table.lake().slice({"id"}, {filter}, ratio, "item");
      const auto derived = held.run_slice(share_of({"id"}, ratio));
      ASSERT_TRUE(direct && derived) << derived.error().message;
      EXPECT_EQ(cells(**derived, "id"), cells(**direct, "id")) << ratio;
      const auto direct_twice = table.lake().slice({"id"}, {filter, second.spec.filters[0]}, ratio, "item");
      const auto derived_twice = twice.run_slice(share_of({"id"}, ratio));
      ASSERT_TRUE(direct_twice && derived_twice) << derived_twice.error().message;
      EXPECT_EQ(cells(**derived_twice, "id"), cells(**direct_twice, "id")) << ratio;
    }
  }
}

TEST(RowKeys, MayBeChosenByAndKeptAtOnce) {
  RandomTable table(7, 400);
  const auto whole = table.lake().run_slice(with_keys({"id"}));
  ASSERT_TRUE(whole);
  Lake held;
  held.add("held", parquet_of(**whole, 50));
  auto job = share_of({"id"}, 0.5);
  job.with_row_keys = true;
  const auto half = held.run_slice(job);
  ASSERT_TRUE(half) << half.error().message;
  for (const auto& key : cells(**half, kKey)) {
    EXPECT_LT(static_cast<std::uint64_t>(std::get<std::int64_t>(key)), std::uint64_t{1} << 63);
  }
  Lake again;
  again.add("again", parquet_of(**half));
  EXPECT_EQ(cells(**again.run_slice(share_of({"id"}, 0.25)), "id"),
            cells(**table.lake().slice({"id"}, {}, 0.25, "item"), "id"));
}

TEST(RowKeys, OfATableThatHasSuchAColumnAreRefused) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints({1})}, {kKey, ints({5})}})));
  auto job = with_keys({"n"});
  EXPECT_TRUE(lake.run_slice(job)) << "it may be a slice";
  job.is_of_source = true;
  const auto refused = lake.run_slice(job);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_EQ(refused.error().message,
            "a.parquet, column '" + kKey + "': Lakelift keeps this name for the keys of rows; rename the column");
}

TEST(RowKeys, AreNoColumnOfATable) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints({1})}, {kKey, ints({5})}})));
  const auto report = inspect(lake.context(), {});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->columns.size(), 1U);
  ASSERT_EQ(report->refused.size(), 1U);
  EXPECT_EQ(report->refused[0].name, kKey);
  EXPECT_EQ(lake.slice({kKey}).error().code, Code::kUnsupported);
  EXPECT_EQ(*lake.convert(Format::kParquet, Format::kCsv), "n\n1\n");
  Lake parted;
  parted.add(kKey + "=3/a.parquet", parquet_of(*table_of({{"n", ints({1})}})));
  EXPECT_EQ(parted.slice({kKey}).error().code, Code::kUnsupported);
}

TEST(RowKeys, MustBeThereAndSound) {
  const auto error = [](std::vector<std::pair<std::string, TablePtr>> files, const SliceJob& job) {
    Lake lake;
    for (const auto& [path, table] : files) lake.add(path, parquet_of(*table));
    const auto table = lake.run_slice(job);
    EXPECT_FALSE(table);
    return table ? Error{} : table.error();
  };
  const auto plain = table_of({{"n", ints({1})}});
  const auto keyed = table_of({{"n", ints({1})}, {kKey, ints({5})}});
  const auto texted = table_of({{"n", ints({1})}, {kKey, texts({"5"})}});
  const auto holed = table_of({{"n", ints({1, 2})}, {kKey, ints({5, std::nullopt})}});
  EXPECT_EQ(error({{"a", plain}}, share_of({"n"}, 0.5)).message,
            "a: has no column '" + kKey + "', by which rows are to be chosen");
  EXPECT_EQ(error({{"a", plain}}, share_of({"n"}, 1)).code, Code::kInvalid);
  EXPECT_EQ(error({{"a", keyed}, {"b", plain}}, share_of({"n"}, 0.5)).message,
            "b: has no column '" + kKey + "', by which rows are to be chosen");
  EXPECT_EQ(error({{"a", keyed}, {"b", plain}}, with_keys({"n"})).message,
            "a: has the column '" + kKey + "', but b has not");
  EXPECT_EQ(error({{"a", texted}}, with_keys({"n"})).message,
            "a: its column '" + kKey + "' does not hold row keys (int64)");
  EXPECT_EQ(error({{"a", holed}}, with_keys({"n"})).message, "a, column '" + kKey + "': a row has no key");
}

TEST(RowKeys, ComeFromPiecesWithOtherColumns) {
  RandomTable table(3, 300);
  const auto border = table.literal("id");
  auto low = with_keys({"b", "id"});
  low.spec.filters = {{"id", table::Operator::kLess, border}};
  auto high = with_keys({"id", "x"});
  high.spec.filters = {{"id", table::Operator::kGreaterEqual, border}};
  Lake held;
  held.add("1", parquet_of(**table.lake().run_slice(low))).add("2", parquet_of(**table.lake().run_slice(high)));
  auto job = share_of({"id"}, 0.4);
  job.ignores_other_columns = true;
  const auto derived = held.run_slice(job);
  ASSERT_TRUE(derived) << derived.error().message;
  auto ids = cells(**derived, "id");
  auto expected = cells(**table.lake().slice({"id"}, {}, 0.4, "item"), "id");
  std::ranges::sort(ids);
  std::ranges::sort(expected);
  EXPECT_EQ(ids, expected);
}

}  // namespace
}  // namespace lakelift::columnar
