// With the product's worker program, on Parquet files that its own convert job makes.
#include "backends/executors/results/parts.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "backends/executors/testing/memory_results.h"
#include "base/testing/memory_file.h"

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;
using lakelift::testing::memory_file;
using lakelift::testing::text_of;
using table::ColumnType;

columnar::WorkerPoolOptions options() {
  columnar::WorkerPoolOptions made;
  made.program = std::string(LAKELIFT_BIN_DIR) + "/lakelift-columnar";
  return made;
}

class PartsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "lakelift-parts-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    for (const auto& [column, type] :
         std::initializer_list<std::pair<const char*, ColumnType>>{{"b", ColumnType::kBoolean},
                                                                   {"d", ColumnType::kDatetime},
                                                                   {"f", ColumnType::kFloat},
                                                                   {"n", ColumnType::kInteger},
                                                                   {"s", ColumnType::kString}}) {
      table::Column made;
      made.name = column;
      made.type = type;
      order_.table.push_back(made);
      order_.spec.columns.emplace_back(column);
    }
    order_.run_id = "0198c0de";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string convert(const std::string& text, columnar::Format from, columnar::Format to) {
    columnar::ConvertJob work;
    work.from = from;
    work.to = to;
    const columnar::Job job{work, {{"input", text.size()}}, {}};
    const auto output = memory_file();
    const auto report =
        pool_.run(job, [&](std::size_t) { return Result<UniqueFd>(memory_file(text)); }, output.get(), {});
    EXPECT_TRUE(report) << report.error().message;
    return text_of(output.get());
  }

  PartFile add(const std::string& file, const std::string& csv) {
    std::string bytes = convert(csv, columnar::Format::kCsv, columnar::Format::kParquet);
    const PartFile part{file, bytes.size()};
    store_.put(file, std::move(bytes));
    return part;
  }

  Result<std::string> written(const PartsOrder& parts, std::stop_token stop = {}) {
    const auto output = memory_file();
    auto rows = write_parts(order_, parts, {store_, pool_, folder_.string()}, output.get(), {}, std::move(stop));
    if (!rows) return std::unexpected(std::move(rows).error());
    rows_ = *rows;
    return convert(text_of(output.get()), columnar::Format::kParquet, columnar::Format::kCsv);
  }

  void expect_broken(const PartsOrder& parts, const std::string& why) {
    const auto got = written(parts);
    ASSERT_FALSE(got) << *got;
    EXPECT_EQ(got.error().code, Code::kCorrupt) << got.error().message;
    EXPECT_EQ(got.error().event, "RESULT_BROKEN");
    EXPECT_TRUE(got.error().message.contains(why)) << got.error().message;
  }

  fs::path folder_;
  Metrics metrics_;
  columnar::WorkerPool pool_{options(), metrics_};
  testing::MemoryResults store_;
  RunOrder order_;
  std::int64_t rows_ = -1;
};

constexpr const char* kOne = "n,s,b,f,d\n1,x,true,1.5,2013-01-05T10:00:00\n2,,false,2.5,2013-01-06T10:00:00\n";

TEST_F(PartsTest, PartsBecomeOneInTheOrdersColumns) {
  const PartFile one = add("runs/a/1/part_a=7", kOne);
  const PartFile two = add("runs/a/1/part_b", "n,s,b,f,d\n3,y,true,0.5,2014-01-05T10:00:00\n");
  const auto csv = written({{one, two}, 3});
  ASSERT_TRUE(csv) << csv.error().message;
  EXPECT_EQ(*csv,
            "b,d,f,n,s\ntrue,2013-01-05T10:00:00,1.5,1,x\nfalse,2013-01-06T10:00:00,2.5,2,\n"
            "true,2014-01-05T10:00:00,0.5,3,y\n");
  EXPECT_EQ(rows_, 3);
  EXPECT_TRUE(fs::is_empty(folder_)) << "a file was left behind";
}

TEST_F(PartsTest, NoPartsAreAnEmptyTableOfTheseColumns) {
  const auto csv = written({{}, 0});
  ASSERT_TRUE(csv) << csv.error().message;
  EXPECT_EQ(*csv, "b,d,f,n,s\n");
  EXPECT_EQ(rows_, 0);
  // Its types are the order's: what has them can be filtered as they can.
  const auto output = memory_file();
  ASSERT_TRUE(write_parts(order_, {}, {store_, pool_, folder_.string()}, output.get(), {}, {}));
  const columnar::Job job{columnar::InspectJob{}, {{"empty.parquet", file_size(output.get()).value()}}, {}};
  const auto report =
      pool_.run(job, [&](std::size_t) { return Result<UniqueFd>(memory_file(text_of(output.get()))); }, -1, {});
  ASSERT_TRUE(report) << report.error().message;
  const auto& columns = std::get<columnar::InspectReport>(*report).columns;
  ASSERT_EQ(columns.size(), order_.table.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    EXPECT_EQ(columns[i].name, order_.table[i].name);
    EXPECT_EQ(columns[i].type, order_.table[i].type) << columns[i].name;
  }
}

TEST_F(PartsTest, WhatIsNotAsAnnouncedIsBroken) {
  PartFile part = add("runs/a/1/p", kOne);
  expect_broken({{part}, 3}, "2 rows; it said that it wrote 3");
  expect_broken({{}, 3}, "0 rows; it said that it wrote 3");
  expect_broken({{part, {"runs/a/1/q", {}}}, 2}, "not there any more");
  *part.size_bytes += 1;
  expect_broken({{part}, 2}, "bytes; ");
}

TEST_F(PartsTest, WhatIsNoSuchTableIsBroken) {
  store_.put("runs/a/1/p", "no Parquet at all");
  expect_broken({{{"runs/a/1/p", {}}}, {}}, "not what was asked for");
  expect_broken({{add("runs/a/1/q", "n,s\n1,x\n")}, {}}, "not what was asked for");
  std::string half = convert(kOne, columnar::Format::kCsv, columnar::Format::kParquet);
  half.resize(half.size() / 2);
  store_.put("runs/a/1/r", half);
  expect_broken({{{"runs/a/1/r", {}}}, {}}, "not what was asked for");
}

TEST_F(PartsTest, TheStoresErrorsGoThrough) {
  const PartFile part = add("runs/a/1/p", kOne);
  store_.fail_fetches(Error{Code::kUnavailable, "", "away", {}});
  const auto away = written({{part}, {}});
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::kUnavailable);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = written({{part}, {}}, stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::kCancelled);
}

}  // namespace
}  // namespace lakelift::executors
