// With the product's worker program, on Parquet files that its own convert job makes.
#include "backends/executors/local/local_executor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/testing/memory_file.h"

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;
const std::string kProgram = std::string(LAKELIFT_BIN_DIR) + "/lakelift-columnar";

columnar::WorkerPoolOptions options(const std::string& program) {
  columnar::WorkerPoolOptions made;
  made.program = program;
  return made;
}

using lakelift::testing::memory_file;
using lakelift::testing::text_of;

class LocalExecutorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "lakelift-local-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string convert(const std::string& text, columnar::Format from, columnar::Format to) {
    columnar::Job job;
    columnar::ConvertJob work;
    work.from = from;
    work.to = to;
    job.work = work;
    job.inputs = {{"input", text.size()}};
    const auto output = memory_file();
    const auto report =
        pool_.run(job, [&](std::size_t) { return Result<UniqueFd>(memory_file(text)); }, output.get(), {});
    EXPECT_TRUE(report) << report.error().message;
    return text_of(output.get());
  }

  void add_file(const std::string& path, const std::string& csv) {
    fs::create_directories((folder_ / path).parent_path());
    const std::string parquet = convert(csv, columnar::Format::kCsv, columnar::Format::kParquet);
    std::ofstream(folder_ / path, std::ios::binary) << parquet;
  }

  [[nodiscard]] RunOrder order(std::vector<std::string> columns) const {
    RunOrder made;
    made.source = source();
    made.spec.columns = std::move(columns);
    return made;
  }

  [[nodiscard]] Source source() const { return Source{{"paths", json::array{json::string(folder_.string())}}}; }

  fs::path folder_;
  Metrics metrics_;
  columnar::WorkerPool pool_{options(kProgram), metrics_};
  LocalExecutor executor_{pool_};
};

TEST_F(LocalExecutorTest, DescribesAFolderWithHiveParts) {
  add_file("month=1/a.parquet", "n,city\n1,Ulm\n2,Bonn\n");
  add_file("month=2/a.parquet", "n,city\n3,Kiel\n");
  const auto table = executor_.inspect(source(), {});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->rows, 3);
  EXPECT_EQ(table->version, executor_.version(source()).value());
  EXPECT_GT(table->bytes, 0);
  for (const char* name : {"n", "city", "month"}) {
    EXPECT_NE(table::find_column(table->columns, name), nullptr) << name;
  }

  const auto profile = executor_.profile(source(), {});
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->sample.size(), 3U);
  EXPECT_EQ(profile->null_shares.size(), profile->description.columns.size());
}

TEST_F(LocalExecutorTest, RunsASlice) {
  add_file("month=1/a.parquet", "n,city\n1,Ulm\n2,Bonn\n");
  add_file("month=2/a.parquet", "n,city\n3,Kiel\n4,Ulm\n");
  auto wanted = order({"city", "month", "n"});
  wanted.spec.filters = {{"n", table::Operator::kGreaterEqual, table::Value(std::int64_t{2})}};
  const auto output = memory_file("what an earlier attempt left behind");
  std::atomic<int> submitted = 0;
  RunObserver observer;
  observer.submitted = [&](const std::string&) -> Result<void> {
    ++submitted;
    return {};
  };
  const auto report = executor_.run(wanted, output.get(), observer, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->rows, 3);
  EXPECT_GT(report->scanned_bytes, 0);
  EXPECT_EQ(report->money_micros, 0);
  EXPECT_EQ(report->source_version, executor_.version(source()).value());
  EXPECT_EQ(submitted, 0) << "there is nothing to re-attach to";
  EXPECT_EQ(convert(text_of(output.get()), columnar::Format::kParquet, columnar::Format::kCsv),
            "city,month,n\nBonn,1,2\nKiel,2,3\nUlm,2,4\n");
}

TEST_F(LocalExecutorTest, RunsWithinAPart) {
  add_file("month=1/a.parquet", "n,city\n1,Ulm\n2,Bonn\n,Kiel\n");
  add_file("month=2/a.parquet", "n,city\n3,Kiel\n4,Ulm\n");
  auto wanted = order({"city"});
  wanted.within = table::Region{{{"n", std::nullopt, std::int64_t{2}, true}},
                                {{"month", std::int64_t{2}, std::nullopt, false}, {"city", "L", std::nullopt, false}}};
  const auto output = memory_file();
  const auto report = executor_.run(wanted, output.get(), {}, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->rows, 3);
  EXPECT_GT(report->engine_ms, 0);
  EXPECT_EQ(convert(text_of(output.get()), columnar::Format::kParquet, columnar::Format::kCsv),
            "city\nUlm\nKiel\nUlm\n");

  wanted.within = table::Region{};
  const auto none = executor_.run(wanted, memory_file().get(), {}, {});
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(none->rows, 0);
}

// A share of a result with row keys is the share that the table itself would give.
TEST_F(LocalExecutorTest, RowKeysStandForTheTable) {
  std::string csv = "n\n";
  for (int i = 0; i < 500; ++i) csv += std::to_string(i) + "\n";
  add_file("month=1/a.parquet", csv);
  add_file("month=2/b.parquet", csv);
  auto wanted = order({"month", "n"});
  wanted.sampling_seed = "item 7";
  wanted.with_row_keys = true;
  const auto keyed = memory_file();
  ASSERT_TRUE(executor_.run(wanted, keyed.get(), {}, {}));
  wanted.with_row_keys = false;
  wanted.spec.ratio = 0.3;
  const auto direct = memory_file();
  const auto share = executor_.run(wanted, direct.get(), {}, {});
  ASSERT_TRUE(share) << share.error().message;
  EXPECT_GT(share->rows, 200);

  columnar::SliceJob job;
  job.spec = wanted.spec;
  job.by_row_keys = true;
  const std::string held = text_of(keyed.get());
  const auto derived = memory_file();
  const auto report = pool_.run({job, {{"held", held.size()}}, {}},
                                [&](std::size_t) { return Result<UniqueFd>(memory_file(held)); }, derived.get(), {});
  ASSERT_TRUE(report) << report.error().message;
  const auto as_csv = [&](int fd) { return convert(text_of(fd), columnar::Format::kParquet, columnar::Format::kCsv); };
  EXPECT_EQ(as_csv(derived.get()), as_csv(direct.get()));
}

TEST_F(LocalExecutorTest, RefusesRowKeysOfATableThatHasThem) {
  add_file("a.parquet", "n,__lakelift_row_key\n1,5\n");
  auto wanted = order({"n"});
  EXPECT_TRUE(executor_.run(wanted, memory_file().get(), {}, {}));
  wanted.with_row_keys = true;
  const auto report = executor_.run(wanted, memory_file().get(), {}, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::kInvalid);
  EXPECT_NE(report.error().message.find("rename the column"), std::string::npos) << report.error().message;
}

TEST_F(LocalExecutorTest, CutsATable) {
  std::string csv = "n,city,hidden\n";
  for (int i = 0; i < 200; ++i) csv += std::to_string(i) + (i % 3 == 0 ? ",,1\n" : ",Ulm,2\n");
  add_file("month=1/a.parquet", csv);
  add_file("month=2/a.parquet", csv);
  auto table = executor_.inspect(source(), {});
  ASSERT_TRUE(table) << table.error().message;
  std::erase_if(table->columns, [](const auto& column) { return column.name == "hidden"; });
  const auto chunks = executor_.cut(source(), table->columns, {60, 1}, {});
  ASSERT_TRUE(chunks) << chunks.error().message;
  ASSERT_GE(chunks->size(), 7U);
  std::int64_t sum = 0;
  for (const auto& chunk : *chunks) {
    EXPECT_LE(chunk.rows, 60);
    ASSERT_EQ(chunk.columns.size(), 3U);
    for (const auto& column : chunk.columns) EXPECT_NE(column.name, "hidden");
    auto wanted = order({"hidden", "n"});
    wanted.within = table::Region{chunk.box};
    const auto report = executor_.run(wanted, memory_file().get(), {}, {});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->rows, chunk.rows);
    sum += chunk.rows;
  }
  EXPECT_EQ(sum, 400);
  const auto many = executor_.cut(source(), table->columns, {0, 1}, {});
  EXPECT_FALSE(many);
}

TEST_F(LocalExecutorTest, NamesTheBrokenFile) {
  add_file("good.parquet", "n\n1\n");
  std::ofstream(folder_ / "bad.parquet") << "PAR1 this is no Parquet file PAR1";
  const auto table = executor_.inspect(source(), {});
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Code::kCorrupt) << table.error().message;
  EXPECT_NE(table.error().message.find("bad.parquet"), std::string::npos) << table.error().message;
  EXPECT_EQ(table.error().message.find(folder_.string()), std::string::npos) << table.error().message;
}

TEST_F(LocalExecutorTest, IsAsCarefulWithFilesCutAnywhere) {
  add_file("a.parquet", "n,city\n1,Ulm\n2,Bonn\n3,Kiel\n");
  std::string whole;
  {
    const UniqueFd fd(::open((folder_ / "a.parquet").c_str(), O_RDONLY | O_CLOEXEC));
    whole = text_of(fd.get());
  }
  for (std::size_t i = 1; i < 8; ++i) {
    std::ofstream(folder_ / "a.parquet", std::ios::binary | std::ios::trunc) << whole.substr(0, whole.size() * i / 8);
    const auto output = memory_file();
    const auto report = executor_.run(order({"n"}), output.get(), {}, {});
    ASSERT_FALSE(report) << i;
    EXPECT_EQ(report.error().code, Code::kCorrupt) << i << ": " << report.error().message;
  }
}

TEST_F(LocalExecutorTest, AsksForAnotherAttemptWhereTheSourceChangedMeanwhile) {
  const auto test_worker = std::string(LAKELIFT_BIN_DIR) + "/columnar-test-worker";
  add_file("a.parquet", "n\n1\n");
  Metrics metrics;
  columnar::WorkerPool pool(options(test_worker), metrics);
  LocalExecutor executor(pool);
  auto wanted = order({"n"});
  wanted.sampling_seed = "copy";  // the test worker's deed: tells its progress while it works
  RunObserver observer;
  const auto steady = memory_file();
  ASSERT_TRUE(executor.run(wanted, steady.get(), observer, {}));
  observer.progress = [&](const RunProgress&) { std::ofstream(folder_ / "a.parquet", std::ios::app) << "more"; };
  const auto output = memory_file();
  const auto report = executor.run(wanted, output.get(), observer, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::kUnavailable);
  EXPECT_NE(report.error().message.find("changed"), std::string::npos);
}

TEST_F(LocalExecutorTest, StopsAtOnce) {
  const auto test_worker = std::string(LAKELIFT_BIN_DIR) + "/columnar-test-worker";
  add_file("a.parquet", "n\n1\n");
  Metrics metrics;
  columnar::WorkerPool pool(options(test_worker), metrics);
  LocalExecutor executor(pool);
  auto wanted = order({"n"});
  wanted.sampling_seed = "wait";  // for ever
  std::stop_source stop;
  RunObserver observer;
  observer.progress = [&](const RunProgress&) { stop.request_stop(); };
  const auto output = memory_file();
  EXPECT_EQ(executor.run(wanted, output.get(), observer, stop.get_token()).error().code, Code::kCancelled);
}

std::size_t pss_kib(int pid) {
  std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string word; rollup >> word;) {
    if (word != "Pss:") continue;
    std::size_t kib = 0;
    rollup >> kib;
    return kib;
  }
  return 0;
}

// The whole idle product is to stay within 96 MiB: what two spares take of it, shared pages counted once.
TEST_F(LocalExecutorTest, SparesAreSmall) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (pool_.pids().size() < limits::kSpareWorkers && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  std::size_t sum_kib = 0;
  for (const int pid : pool_.pids()) {
    const std::size_t kib = pss_kib(pid);
    RecordProperty("spare_pss_kib_" + std::to_string(pid), static_cast<int>(kib));
    std::printf("an idle spare has %zu KiB PSS\n", kib);
    sum_kib += kib;
  }
  EXPECT_GT(sum_kib, 0U);
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_LE(sum_kib, 64U * 1024U);
#endif
}

}  // namespace
}  // namespace lakelift::executors
