#include "columnar/engine/cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "columnar/engine/cut_value.h"
#include "columnar/engine/testing/random_table.h"

namespace lakelift::columnar {
namespace {

using namespace testing;
using table::ColumnType;
using table::Value;
using ::testing::HasSubstr;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Value whole(std::int64_t number) { return number; }

// As cutting sees it: texts by their first characters; +infinity and NaN can't be parted.
Value seen(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return std::string(cut_text_key(*text));
  const auto* number = std::get_if<double>(&value);
  return number != nullptr && std::isnan(*number) ? Value(kInfinity) : value;
}

std::vector<Value> key_of(const RandomRow& row, const std::vector<CutColumn>& columns) {
  std::vector<Value> key;
  for (const auto& column : columns) key.push_back(seen(row.cells.at(column.name)));
  return key;
}

void expect_figures(const CutColumn& column, const std::vector<Value>& values) {
  std::int64_t nulls = 0;
  std::int64_t finite = 0;
  Value low;
  Value high;
  for (const auto& value : values) {
    if (table::is_null(value)) {
      ++nulls;
      continue;
    }
    const auto* number = std::get_if<double>(&value);
    const bool is_number = number != nullptr || std::holds_alternative<std::int64_t>(value);
    if (is_number && (number == nullptr || std::isfinite(*number))) ++finite;
    if (table::is_null(low) || value_less(value, low)) low = value;
    if (table::is_null(high) || value_less(high, value)) high = value;
  }
  EXPECT_EQ(column.nulls, nulls) << column.name;
  const auto* text = std::get_if<std::string>(&high);
  if (text != nullptr && text->size() > kCutTextChars) {
    EXPECT_FALSE(value_less(low, column.minimum)) << column.name;
    EXPECT_TRUE(value_less(high, column.maximum)) << column.name;
  } else {
    EXPECT_FALSE(value_less(column.minimum, low) || value_less(low, column.minimum)) << column.name;
    EXPECT_FALSE(value_less(column.maximum, high) || value_less(high, column.maximum)) << column.name;
  }
  std::int64_t counted = 0;
  for (std::size_t i = 0; i < column.distribution.size(); ++i) {
    const auto& bin = column.distribution[i];
    counted += bin.count;
    const auto inside = std::ranges::count_if(values, [&](const Value& value) {
      const auto* number = std::get_if<double>(&value);
      if (table::is_null(value) || (number != nullptr && !std::isfinite(*number))) return false;
      const bool last = i + 1 == column.distribution.size();
      return !value_less(value, bin.minimum) &&
             (last ? !value_less(bin.maximum, value) : value_less(value, bin.maximum));
    });
    EXPECT_EQ(bin.count, inside) << column.name;
  }
  EXPECT_LE(column.distribution.size(), kCutBins);
  EXPECT_EQ(counted, finite) << column.name;
}

// Every row lies in exactly one chunk, which has at most so many rows unless they can't be told apart.
void expect_sound(RandomTable& table, const CutReport& cut, std::int64_t most_rows) {
  std::vector<std::vector<const RandomRow*>> members(cut.chunks.size());
  for (const auto& row : table.rows()) {
    int found = 0;
    for (std::size_t i = 0; i < cut.chunks.size(); ++i) {
      if (!lies_in(row, cut.chunks[i].box)) continue;
      ++found;
      members[i].push_back(&row);
    }
    ASSERT_EQ(found, 1);
  }
  for (std::size_t i = 0; i < cut.chunks.size(); ++i) {
    const CutChunk& chunk = cut.chunks[i];
    EXPECT_EQ(chunk.rows, static_cast<std::int64_t>(members[i].size()));
    EXPECT_GT(chunk.rows, 0);
    if (chunk.rows > most_rows) {
      for (const auto* row : members[i]) EXPECT_EQ(key_of(*row, chunk.columns), key_of(*members[i][0], chunk.columns));
    }
    for (const auto& column : chunk.columns) {
      std::vector<Value> values;
      for (const auto* row : members[i]) values.push_back(row->cells.at(column.name));
      expect_figures(column, values);
    }
  }
}

// And slices of the boxes say the same: disjoint and complete.
void expect_slices(RandomTable& table, const CutReport& cut) {
  SliceJob job;
  job.spec.columns = {"id"};
  job.regions.emplace_back();
  std::set<std::string> paths;
  for (const auto& row : table.rows()) paths.insert(row.path);
  std::vector<std::pair<std::string, std::optional<std::size_t>>> inputs;
  for (const auto& path : paths) inputs.emplace_back(path, 0);
  table.lake().set_inputs(inputs);
  std::set<Value> ids;
  std::int64_t sum = 0;
  for (const auto& chunk : cut.chunks) {
    job.regions[0] = {chunk.box};
    const auto slice = table.lake().run_slice(job);
    ASSERT_TRUE(slice) << slice.error().message;
    EXPECT_EQ((*slice)->num_rows(), chunk.rows);
    sum += (*slice)->num_rows();
    for (const auto& id : cells(**slice, "id")) EXPECT_TRUE(ids.insert(id).second) << "a row lies in two chunks";
  }
  EXPECT_EQ(sum, static_cast<std::int64_t>(table.rows().size()));
  job.regions[0].clear();
  for (const auto& chunk : cut.chunks) job.regions[0].push_back(chunk.box);
  const auto all = table.lake().run_slice(job);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ((*all)->num_rows(), sum);
  table.lake().set_inputs({});
}

class Cuts : public ::testing::TestWithParam<unsigned> {};

TEST_P(Cuts, PutEveryRowIntoOneChunk) {
  for (unsigned round = 0; round < 12; ++round) {
    RandomTable table(GetParam() * 100 + round, round % 3 == 0 ? 40 : 400);
    CutJob job{1 + table.below(60), round, {}};
    // Without the unique column there are rows that can't be told apart.
    if (round % 2 == 1) {
      for (const auto& [name, type] : RandomTable::columns()) {
        if (name != "id" && table.below(2) == 0) job.columns.push_back(name);
      }
    }
    if (round % 4 == 3 && job.columns.empty()) job.columns = {"one"};
    CutBounds bounds;
    if (round % 3 == 2) bounds.sample_rows = 30;  // several looks
    const auto cut = cut_within(table.lake().context(), job, bounds);
    ASSERT_TRUE(cut) << cut.error().message;
    expect_sound(table, *cut, job.most_rows);
    if (round % 3 == 2 || job.most_rows > 20) expect_slices(table, *cut);
    ASSERT_FALSE(HasFatalFailure()) << "round " << round;
    // What the worker says is what the server takes.
    const auto parsed = parse_json(to_text(json::value(to_json(JobReport(*cut)))));
    ASSERT_TRUE(parsed);
    const auto read = report_from_json(*parsed, Job{job, {}, {}});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(std::get<CutReport>(*read).chunks.size(), cut->chunks.size());
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Cuts, ::testing::Range(1U, 6U));

TEST(Cut, OfASmallTableIsTheWholeOfIt) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints({3, 1, std::nullopt})}})));
  const auto report = cut(lake.context(), {3, 1});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->chunks.size(), 1U);
  EXPECT_TRUE(report->chunks[0].box.empty());
  EXPECT_EQ(report->chunks[0].rows, 3);
  const CutColumn& n = report->chunks[0].columns.at(0);
  EXPECT_EQ(n.minimum, whole(1));
  EXPECT_EQ(n.maximum, whole(3));
  EXPECT_EQ(n.nulls, 1);
  ASSERT_EQ(n.distribution.size(), 3U);
  EXPECT_EQ(n.distribution[2].count, 1);
}

TEST(Cut, OfNoRowsIsOneChunk) {
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints({})}})));
  const auto report = cut(lake.context(), {3, 1});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->chunks.size(), 1U);
  EXPECT_EQ(report->chunks[0].rows, 0);
  EXPECT_TRUE(report_from_json(json::value(to_json(JobReport(*report))), Job{CutJob{3, 1}, {}, {}}));
}

TEST(Cut, GoesThroughTheMedianOfWhatVariesMost) {
  std::vector<std::optional<std::int64_t>> narrow;
  std::vector<std::optional<double>> wide;
  for (int i = 0; i < 1'000; ++i) {
    narrow.emplace_back(i == 0 ? 0 : (i == 1 ? 1'000'000 : 500'000 + i % 7));
    wide.emplace_back(i / 1e9);
  }
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"narrow", ints(narrow)}, {"wide", doubles(wide)}})));
  const auto report = cut(lake.context(), {500, 1});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->chunks.size(), 2U);
  EXPECT_EQ(report->chunks[0].box, (table::Box{{"wide", std::nullopt, 500 / 1e9, true}}));
  EXPECT_EQ(report->chunks[1].box, (table::Box{{"wide", 500 / 1e9, std::nullopt, false}}));
}

TEST(Cut, OfTextsAndTimesGoesThroughTheirMedianToo) {
  std::vector<std::optional<std::string>> names;
  std::vector<std::optional<std::int64_t>> times;
  for (int i = 0; i < 100; ++i) {
    names.emplace_back(std::string(1, static_cast<char>('a' + i % 4)));
    times.emplace_back(i);
  }
  Lake named;
  named.add("a.parquet", parquet_of(*table_of({{"name", texts(names)}})));
  const auto by_name = cut(named.context(), {50, 1});
  ASSERT_TRUE(by_name) << by_name.error().message;
  ASSERT_EQ(by_name->chunks.size(), 2U);
  EXPECT_EQ(by_name->chunks[1].box, (table::Box{{"name", "c", std::nullopt, false}}));
  Lake timed;
  timed.add("a.parquet", parquet_of(*table_of({{"at", wholes(arrow::timestamp(arrow::TimeUnit::SECOND), times)}})));
  const auto by_time = cut(timed.context(), {50, 1});
  ASSERT_TRUE(by_time) << by_time.error().message;
  ASSERT_EQ(by_time->chunks.size(), 2U);
  EXPECT_EQ(by_time->chunks[1].box, (table::Box{{"at", table::Datetime{50, 0}, std::nullopt, false}}));
}

TEST(Cut, TakesPartitionsFirst) {
  Lake lake;
  for (int month = 1; month <= 4; ++month) {
    std::vector<std::optional<std::int64_t>> n;
    for (int i = 0; i < 100; ++i) n.emplace_back(i);
    lake.add("month=" + std::to_string(month) + "/a.parquet", parquet_of(*table_of({{"n", ints(n)}})));
  }
  const auto months = cut(lake.context(), {100, 1});
  ASSERT_TRUE(months) << months.error().message;
  ASSERT_EQ(months->chunks.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(months->chunks[i].rows, 100);
    ASSERT_EQ(months->chunks[i].box.size(), 1U);
    EXPECT_EQ(months->chunks[i].box[0].column, "month");
    EXPECT_EQ(months->chunks[i].columns.at(1).minimum, whole(static_cast<std::int64_t>(i) + 1));
  }
  const auto finer = cut(lake.context(), {50, 1});
  ASSERT_TRUE(finer);
  ASSERT_EQ(finer->chunks.size(), 8U);
  EXPECT_EQ(finer->chunks[7].box,
            (table::Box{{"month", whole(4), std::nullopt, false}, {"n", whole(50), std::nullopt, false}}));
}

TEST(Cut, LooksAtTheGivenColumnsAlone) {
  Lake lake;
  lake.add("secret=1/a.parquet", parquet_of(*table_of({{"n", ints({1, 2})}, {"hidden", ints({10, 20})}})))
      .add("secret=2/a.parquet", parquet_of(*table_of({{"n", ints({3, 4})}, {"hidden", ints({30, 40})}})));
  const auto report = cut(lake.context(), {1, 1, {"n"}});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->chunks.size(), 4U);
  for (const auto& chunk : report->chunks) {
    ASSERT_EQ(chunk.columns.size(), 1U);
    for (const auto& range : chunk.box) EXPECT_EQ(range.column, "n");
  }
  EXPECT_EQ(cut(lake.context(), {1, 1, {"nope"}}).error().message, "the table has no column 'nope'");
}

// A sample that shows nothing but the usual row: what is counted finds the others.
TEST(Cut, FindsTheRareRowsThatASampleMisses) {
  std::vector<std::optional<std::int64_t>> n(20'000, 5);
  std::vector<std::optional<double>> x(20'000, 1.5);
  std::vector<std::optional<std::string>> s(20'000, "same");
  n[100] = 4;
  n[11'000] = 9;
  x[5'000] = std::nullopt;
  x[6'000] = std::nan("");
  s[7'000] = "other";
  s[7'001] = "tame";
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints(n)}, {"x", doubles(x)}, {"s", texts(s)}}), 3'000));
  CutBounds bounds;
  bounds.sample_rows = 10;
  const auto report = cut_within(lake.context(), {10, 3}, bounds);
  ASSERT_TRUE(report) << report.error().message;
  std::int64_t largest = 0;
  std::int64_t rest = 0;
  for (const auto& chunk : report->chunks) {
    EXPECT_GT(chunk.rows, 0);
    (chunk.rows > 10 ? largest : rest) += chunk.rows;
  }
  EXPECT_EQ(largest, 19'994);
  EXPECT_EQ(rest, 6);
}

TEST(Cut, IsTheSameEachTimeAndAnotherWithAnotherSeed) {
  std::vector<std::optional<std::int64_t>> n;
  for (int i = 0; i < 20'000; ++i) n.emplace_back(i * 7919 % 20'011);
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints(n)}})));
  CutBounds bounds;
  bounds.sample_rows = 500;
  const auto text = [&](std::uint64_t seed) {
    const auto report = cut_within(lake.context(), {1'000, seed}, bounds);
    EXPECT_TRUE(report) << report.error().message;
    for (const auto& chunk : report->chunks) EXPECT_LE(chunk.rows, 1'000);
    EXPECT_LE(report->chunks.size(), 60U);
    return to_text(json::value(to_json(JobReport(*report))));
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
}

TEST(Cut, IntoTooManyChunksSaysWhatToDo) {
  std::vector<std::optional<std::int64_t>> n;
  for (int i = 0; i < 1'000; ++i) n.emplace_back(i);
  Lake lake;
  lake.add("a.parquet", parquet_of(*table_of({{"n", ints(n)}, {"m", ints(n)}})));
  CutBounds bounds;
  bounds.chunks = 8;
  EXPECT_TRUE(cut_within(lake.context(), {125, 1}, bounds));
  const auto before = cut_within(lake.context(), {100, 1}, bounds);
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().code, Code::kTooLarge);
  EXPECT_EQ(before.error().message,
            "the table would be cut into more than 8 chunks of at most 100 rows; raise --max-rows");
  EXPECT_FALSE(cut_within(lake.context(), {120, 1}, bounds)) << "halves of 125 are above it";
  bounds.chunks = 1'000;
  bounds.figures = 15;  // of two columns: 7 chunks
  EXPECT_THAT(cut_within(lake.context(), {125, 1}, bounds).error().message, HasSubstr("more than 7 chunks"));
  EXPECT_EQ(cut(lake.context(), {0, 1}).error().code, Code::kInvalid);
}

TEST(CutValue, TextsKeepTheirOrder) {
  const std::string long_a(64, 'a');
  EXPECT_EQ(cut_text_key("short"), "short");
  EXPECT_EQ(cut_text_key(long_a + "b"), long_a);
  std::string umlauts;
  for (int i = 0; i < 70; ++i) umlauts += "ä";
  EXPECT_EQ(cut_text_key(umlauts).size(), 128U);
  EXPECT_EQ(text_above("abc"), "abd");
  EXPECT_EQ(text_above("a\x7f"), "a\xC2\x80");
  EXPECT_EQ(text_above("\xDF\xBF"), "\xE0\xA0\x80");
  EXPECT_EQ(text_above("\xED\x9F\xBF"), "\xEE\x80\x80") << "no surrogates";
  EXPECT_EQ(text_above("\xEF\xBF\xBF"), "\xF0\x90\x80\x80");
  EXPECT_EQ(text_above("a\xF4\x8F\xBF\xBF"), "b");
  EXPECT_EQ(text_above("\xF4\x8F\xBF\xBF"), std::nullopt);
}

}  // namespace
}  // namespace lakelift::columnar
