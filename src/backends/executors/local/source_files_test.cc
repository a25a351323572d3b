// A source that is a published file: with the product's worker program, over a FileSource in memory.
#include "backends/executors/local/source_files.h"

#include <gtest/gtest.h>

#include <mutex>

#include "backends/executors/local/local_executor.h"
#include "base/testing/memory_file.h"

namespace lakelift::executors {
namespace {

using lakelift::testing::memory_file;
using lakelift::testing::text_of;

class Bytes final : public RandomAccess {
 public:
  Bytes(const std::string& content, bool is_local)
      : content_(content), fd_(memory_file(content)), is_local_(is_local) {}
  std::uint64_t size_bytes() const override { return content_.size(); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    return lakelift::read_at(fd_.get(), offset, out);
  }
  int local_fd() const override { return is_local_ ? fd_.get() : -1; }

 private:
  std::string content_;
  UniqueFd fd_;
  bool is_local_;
};

struct Files final : FileSource {
  std::string content;
  std::string now = "0123456789abcdef of the first";
  bool is_local = true;
  std::function<void()> opened;

  Result<FileTable> open(std::int64_t file_id, std::stop_token) override {
    if (file_id != 7) return fail(Code::kNotFound, "the file is gone");
    FileTable table{"may.parquet", std::make_shared<Bytes>(content, is_local), now};
    if (opened) opened();
    return table;
  }
  Result<std::string> version(std::int64_t file_id) override {
    if (file_id != 7) return fail(Code::kNotFound, "the file is gone");
    return now;
  }
};

class FileSourceTest : public ::testing::TestWithParam<bool> {
 protected:
  FileSourceTest() {
    files_.is_local = GetParam();
    files_.content = parquet("n,city\n1,Ulm\n2,Bonn\n3,Kiel\n");
  }

  std::string parquet(const std::string& csv) {
    const columnar::Job job{.work = columnar::ConvertJob{columnar::Format::kCsv, columnar::Format::kParquet},
                            .inputs = {{"x.csv", csv.size()}},
                            .limits = {}};
    const auto output = memory_file();
    const auto report =
        pool_.run(job, [&](std::size_t) { return Result<UniqueFd>(memory_file(csv)); }, output.get(), {});
    EXPECT_TRUE(report) << report.error().message;
    return text_of(output.get());
  }

  Metrics metrics_;
  columnar::WorkerPool pool_{{.program = std::string(LAKELIFT_BIN_DIR) + "/lakelift-columnar"}, metrics_};
  Files files_;
  LocalExecutor executor_{pool_, limits::kProfileRows, &files_};
  const Source source_{{"file", 7}};
};
INSTANTIATE_TEST_SUITE_P(All, FileSourceTest, ::testing::Values(true, false),
                         [](const auto& test) { return std::string(test.param ? "LocalFile" : "ElsewhereSpooled"); });

TEST_P(FileSourceTest, IsInspectedProfiledAndRun) {
  const auto table = executor_.inspect(source_, {});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->rows, 3);
  EXPECT_EQ(table->version, files_.now);
  EXPECT_EQ(table->bytes, static_cast<std::int64_t>(files_.content.size()));

  const auto profile = executor_.profile(source_, {});
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->sample.size(), 3U);
  EXPECT_EQ(profile->description.version, executor_.version(source_).value());

  RunOrder order;
  order.source = source_;
  order.spec.columns = {"n"};
  order.spec.filters.push_back({"city", table::Operator::kEqual, table::Value("Bonn")});
  const auto output = memory_file();
  const auto report = executor_.run(order, output.get(), {}, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->rows, 1);
  EXPECT_EQ(report->source_version, files_.now);
  EXPECT_TRUE(text_of(output.get()).starts_with("PAR1"));
}

TEST_P(FileSourceTest, OneThatChangesMeanwhileIsReadAgain) {
  files_.opened = [&] { files_.now = "another"; };
  const auto profile = executor_.profile(source_, {});
  ASSERT_FALSE(profile);
  EXPECT_EQ(profile.error().code, Code::kUnavailable);
  files_.opened = nullptr;
  EXPECT_TRUE(executor_.profile(source_, {}));
}

TEST_P(FileSourceTest, OneThatIsGoneSaysSo) {
  const Source gone{{"file", 8}};
  EXPECT_EQ(executor_.inspect(gone, {}).error().message, "the file is gone");
  EXPECT_EQ(executor_.profile(gone, {}).error().code, Code::kNotFound);
  EXPECT_EQ(executor_.version(gone).error().code, Code::kNotFound);
}

TEST_P(FileSourceTest, AStopEndsTheSpooling) {
  std::stop_source stop;
  stop.request_stop();
  const auto table = executor_.inspect(source_, stop.get_token());
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Code::kCancelled);
}

TEST_P(FileSourceTest, OddSourcesAreRefused) {
  for (const Source& odd : {Source{{"file", "7"}}, Source{{"file", 7.5}}, Source{{"file", nullptr}},
                            Source{{"file", 7}, {"paths", json::array{"/"}}}, Source{{"files", 7}}}) {
    const auto table = executor_.inspect(odd, {});
    ASSERT_FALSE(table) << to_text(json::value(odd));
    EXPECT_EQ(table.error().code, Code::kInvalid);
    ASSERT_EQ(table.error().fields.size(), 1U);
    EXPECT_EQ(table.error().fields[0].field, "source");
    EXPECT_EQ(executor_.version(odd).error().code, Code::kInvalid);
  }
  LocalExecutor without(pool_);
  EXPECT_EQ(without.inspect(source_, {}).error().code, Code::kInvalid);
  EXPECT_EQ(without.version(source_).error().fields.at(0).field, "source");
}

}  // namespace
}  // namespace lakelift::executors
