#include <gtest/gtest.h>
#include <parquet/properties.h>

#include <cmath>
#include <random>

#include "columnar/engine/testing/engine_fixture.h"

namespace lakelift::columnar {
namespace {

using namespace testing;
using table::Operator;
using Values = std::vector<table::Value>;

Values whole(std::vector<std::int64_t> numbers) { return Values(numbers.begin(), numbers.end()); }

TablePtr numbers(std::int64_t first, std::int64_t count) {
  std::vector<std::optional<std::int64_t>> values;
  std::vector<std::optional<std::string>> names;
  for (std::int64_t i = first; i < first + count; ++i) {
    values.emplace_back(i);
    names.emplace_back("n" + std::to_string(i % 7));
  }
  return table_of({{"n", ints(values)}, {"name", texts(names)}});
}

TEST(Slice, FilesInByteOrderAndRowsAsStored) {
  Lake lake;
  lake.add("b.parquet", parquet_of(*numbers(10, 3))).add("a.parquet", parquet_of(*numbers(0, 3), 2));
  const auto table = lake.slice({"n"});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(cells(**table, "n"), whole({0, 1, 2, 10, 11, 12}));
}

TEST(Slice, StatisticsRuleOutRowGroups) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*numbers(0, 1000), 100));
  const auto report =
      slice(lake.context(), {{{"n", "name"}, {{"n", Operator::kGreaterEqual, std::int64_t{950}}}, 1}, "s"});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->rows, 50);
  EXPECT_EQ(report->rows_read, 100);
}

TEST(Slice, StatisticsSayNothingAboutNan) {
  std::vector<std::optional<double>> values(100, 1.0);
  values[7] = std::nan("");
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"x", doubles(values)}}), 10));
  EXPECT_EQ((*lake.slice({"x"}, {{"x", Operator::kGreater, 5.0}}))->num_rows(), 1);
  EXPECT_EQ((*lake.slice({"x"}, {{"x", Operator::kNotEqual, 1.0}}))->num_rows(), 1);
  EXPECT_EQ((*lake.slice({"x"}, {{"x", Operator::kLessEqual, 1.0}}))->num_rows(), 99);
}

TEST(Slice, LongTextsWhoseStatisticsAreCutShort) {
  const std::string base(200, 'a');
  const auto properties = parquet::WriterProperties::Builder().max_statistics_size(10'000)->build();
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"s", texts({base + "a", base + "b", base + "c"})}}), 1, properties));
  EXPECT_EQ(cells(**lake.slice({"s"}, {{"s", Operator::kEqual, base + "b"}}), "s"), (Values{base + "b"}));
  EXPECT_EQ((*lake.slice({"s"}, {{"s", Operator::kGreater, base + "a"}}))->num_rows(), 2);
}

TEST(Slice, AgreesWithAndWithoutStatisticsAndDictionaries) {
  std::mt19937 random(3);
  std::vector<std::optional<std::int64_t>> n;
  std::vector<std::optional<std::string>> s;
  for (int i = 0; i < 5'000; ++i) {
    n.push_back(random() % 5 == 0 ? std::nullopt : std::optional<std::int64_t>(random() % 50));
    s.push_back(random() % 5 == 0 ? std::nullopt : std::optional<std::string>("k" + std::to_string(random() % 30)));
  }
  const auto table = table_of({{"n", ints(n)}, {"s", texts(s)}});
  const auto bare = parquet::WriterProperties::Builder().disable_statistics()->disable_dictionary()->build();
  Lake rich, poor;
  rich.add("a.parquet", parquet_of(*table, 700));
  poor.add("a.parquet", parquet_of(*table, 700, bare));
  for (const auto op : {Operator::kGreater, Operator::kLess, Operator::kEqual, Operator::kNotEqual}) {
    const std::vector<table::Filter> filters{{"n", op, std::int64_t{20}}, {"s", Operator::kGreaterEqual, "k2"}};
    const auto a = rich.slice({"n", "s"}, filters);
    const auto b = poor.slice({"n", "s"}, filters);
    ASSERT_TRUE(a && b);
    EXPECT_GT((*a)->num_rows(), 0);
    EXPECT_TRUE((*a)->Equals(**b));
  }
}

TEST(Slice, HivePartitionsAreColumns) {
  Lake lake;
  lake.add("kind=a%2Fb/on=2018-11-01/n=01/x.parquet", parquet_of(*numbers(0, 2)))
      .add("kind=__HIVE_DEFAULT_PARTITION__/on=2018-11-02/n=10/x.parquet", parquet_of(*numbers(5, 1)));
  const auto report = inspect(lake.context(), {});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->columns.size(), 4U);  // the file's own n counts
  EXPECT_EQ(report->columns[2].name, "kind");
  EXPECT_TRUE(report->columns[2].is_nullable);
  EXPECT_EQ(report->columns[3].type, table::ColumnType::kDatetime);
  EXPECT_FALSE(report->columns[3].is_nullable);
  EXPECT_EQ(report->rows, 3);

  const auto table =
      lake.slice({"kind", "n"}, {{"on", Operator::kLess, table::Datetime{1541116800, 0}}});  // 2018-11-02
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(cells(**table, "kind"), (Values{"a/b", "a/b"}));
  EXPECT_EQ(cells(**lake.slice({"kind"}), "kind"), (Values{{}, "a/b", "a/b"}));
  EXPECT_EQ((*lake.slice({"n"}, {{"kind", Operator::kNotEqual, "a/b"}}))->num_rows(), 0);  // null never passes
}

TEST(Slice, PartitionsRuleOutFilesWithoutOpeningThem) {
  Lake lake;
  for (int i = 0; i < 8; ++i) lake.add("day=" + std::to_string(i) + "/x.parquet", parquet_of(*numbers(i, 1)));
  const auto table = lake.slice({"n"}, {{"day", Operator::kEqual, std::int64_t{3}}});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(cells(**table, "n"), whole({3}));
  EXPECT_EQ(lake.opened(), 9);  // eight footers, and one file again
}

TEST(Slice, MissingColumnsAreNulls) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints({1})}})))
      .add("b.parquet", parquet_of(*table_of({{"n", ints({2})}, {"extra", texts({"x"})}})));
  EXPECT_EQ(cells(**lake.slice({"extra"}), "extra"), (Values{{}, "x"}));
  EXPECT_EQ((*lake.slice({"n"}, {{"extra", Operator::kNotEqual, "y"}}))->num_rows(), 1);
}

TEST(Slice, WidthsMayDiffer) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of(
                            {{"n", wholes(arrow::int8(), {1, std::nullopt})}, {"t", wholes(arrow::date32(), {1, 2})}})))
      .add("b.parquet", parquet_of(*table_of({{"n", wholes(arrow::uint32(), {-1})},
                                              {"t", wholes(arrow::timestamp(arrow::TimeUnit::MILLI), {1500})}})));
  const auto table = lake.slice({"n", "t"});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(cells(**table, "n"), (Values{std::int64_t{1}, {}, std::int64_t{4294967295}}));
  EXPECT_EQ(cells(**table, "t"),
            (Values{table::Datetime{86400, 0}, table::Datetime{172800, 0}, table::Datetime{1, 500000000}}));
}

TEST(Slice, TypesThatDoNotAgreeAreToldByFileAndColumn) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints({1})}})))
      .add("b.parquet", parquet_of(*table_of({{"n", texts({"2"})}})));
  const auto table = lake.slice({"n"});
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Code::kInvalid);
  EXPECT_EQ(table.error().message,
            "b.parquet, column 'n': is string, but int64 in a.parquet; all files of a table need the same types");
}

TEST(Slice, UnknownColumnsAndWrongLiterals) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*numbers(0, 3)));
  EXPECT_EQ(lake.slice({"nope"}).error().message, "the table has no column 'nope'");
  EXPECT_EQ(lake.slice({"n"}, {{"nope", Operator::kEqual, std::int64_t{1}}}).error().code, Code::kInvalid);
  EXPECT_EQ(lake.slice({"n"}, {{"n", Operator::kEqual, "1"}}).error().message,
            "the filter on 'n' needs a value of the type INTEGER");
  EXPECT_EQ(lake.slice({}).error().code, Code::kInvalid);
}

TEST(Slice, NoRowsIsAFileWithColumns) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*numbers(0, 3)));
  const auto table = lake.slice({"n", "name"}, {}, 0);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ((*table)->num_rows(), 0);
  EXPECT_EQ((*table)->schema()->field_names(), (std::vector<std::string>{"n", "name"}));
}

TEST(Slice, DictionariesOfManyFilesBecomeOne) {
  Lake lake;
  for (int i = 0; i < 5; ++i) {
    lake.add(std::to_string(i) + ".parquet",
             parquet_of(*table_of({{"s", texts({"a" + std::to_string(i), std::nullopt, "same"})}})));
  }
  const auto table = lake.slice({"s"});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ((*table)->schema()->field(0)->type()->ToString(), "string");
  EXPECT_EQ(cells(**table, "s"),
            (Values{"a0", {}, "same", "a1", {}, "same", "a2", {}, "same", "a3", {}, "same", "a4", {}, "same"}));
}

TEST(Hostile, WhatIsNoParquetIsToldByName) {
  Lake lake;
  for (const auto* content : {"", "PAR1", "hello world, this is no Parquet", "PAR1\xFF\xFF\xFF\x7FPAR1"}) {
    lake.add("x.parquet", bytes_of(content));
    const auto report = inspect(lake.context(), {});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Code::kCorrupt) << report.error().message;
    EXPECT_TRUE(report.error().message.starts_with("x.parquet: ")) << report.error().message;
  }
}

TEST(Hostile, TextsThatAreNotUtf8AreToldByColumn) {
  Lake lake;
  const ArrayPtr broken = texts({"\xFF\xFE"});  // Arrow's builder and writer take any bytes
  for (const bool dictionary : {true, false}) {
    auto properties = parquet::WriterProperties::Builder();
    if (!dictionary) properties.disable_dictionary();
    lake.add("x.parquet", parquet_of(*table_of({{"ok", ints({1})}, {"s", broken}}), 10, properties.build()));
    const auto table = lake.slice({"s"});
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().code, Code::kCorrupt);
    EXPECT_EQ(table.error().message, "x.parquet, column 's': a text is not valid UTF-8");
    EXPECT_TRUE(lake.slice({"ok"}));
  }
}

// Every job on files that were cut or changed at random: an answer or an error, never a crash (sanitizers watch).
class Damage : public ::testing::TestWithParam<int> {};

void work_on(Lake& lake) {
  (void)inspect(lake.context(), {});
  (void)profile(lake.context(), {.sample_rows = 3, .seed = 1});
  (void)lake.slice({"n", "name", "x"}, {{"name", Operator::kGreater, "n2"}, {"x", Operator::kLess, 50.0}}, 0.7);
  (void)lake.convert(Format::kParquet, Format::kCsv);
  (void)cut(lake.context(), {20, 1});
  SliceJob job;
  job.spec.columns = {"n"};
  job.with_row_keys = true;
  job.regions = {{{{"name", "n1", "n4", true}, {"x", 9.0, std::nullopt, false}}, {{"n", std::int64_t{250}, {}, true}}}};
  lake.set_inputs({{"x.parquet", 0}});
  (void)slice(lake.context(), job);
  lake.set_inputs({});
}

TEST_P(Damage, NeverCrashes) {
  std::vector<std::optional<std::int64_t>> n;
  std::vector<std::optional<std::string>> names;
  std::vector<std::optional<double>> x;
  for (int i = 0; i < 300; ++i) {
    n.push_back(i % 11 == 0 ? std::nullopt : std::optional<std::int64_t>(i));
    names.push_back(i % 13 == 0 ? std::nullopt : std::optional<std::string>("n" + std::to_string(i % 5)));
    x.emplace_back(i / 3.0);
  }
  const auto whole_file = parquet_of(*table_of({{"n", ints(n)}, {"name", texts(names)}, {"x", doubles(x)}}), 100);
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  for (int round = 0; round < 40; ++round) {
    std::string bytes = whole_file->ToString();
    if (round % 4 == 0) bytes.resize(random() % bytes.size());
    // The footer is where counts, offsets and types are: it gets most of the damage.
    for (unsigned i = 0; i < 1 + random() % 3 && !bytes.empty(); ++i) {
      const std::size_t span = round % 2 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 1200);
      bytes[bytes.size() - 1 - random() % span] = static_cast<char>(random());
    }
    Lake lake;
    lake.add("x.parquet", bytes_of(bytes));
    work_on(lake);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Damage, ::testing::Range(1, 7));

}  // namespace
}  // namespace lakelift::columnar
