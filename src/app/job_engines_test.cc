#include "app/job_engines.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace lakelift::app {
namespace {

namespace fs = std::filesystem;

class JobEnginesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "lakelift-engines-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    data_ = name;
    std::ofstream(data_ + "/spark-submit") << "#!/bin/sh\n";
    ::chmod((data_ + "/spark-submit").c_str(), 0700);
  }
  void TearDown() override { fs::remove_all(data_); }

  Result<void> open(const ResultsOpener& open_results = {}) {
    executors_ = {};
    TRY(engines_, JobEngines::open({config_, data_, [](const std::string&) { return std::string_view(token_); },
                                    open_results, workers_, clock_, random_},
                                   executors_));
    return {};
  }
  std::string refused_field() {
    const auto opened = open();
    return opened ? std::string() : opened.error().fields.at(0).field;
  }

  static columnar::WorkerPoolOptions options() {
    columnar::WorkerPoolOptions made;
    made.program = std::string(LAKELIFT_BIN_DIR) + "/lakelift-columnar";
    return made;
  }

  inline static std::string token_ = "dapi-of-the-tests";
  std::string data_;
  Config config_;
  Metrics metrics_;
  columnar::WorkerPool workers_{options(), metrics_};
  SystemClock clock_;
  SeededRandom random_;
  std::unique_ptr<JobEngines> engines_;
  executors::Executors executors_;
};

TEST_F(JobEnginesTest, WithoutSettingsThereAreNone) {
  ASSERT_TRUE(open());
  EXPECT_TRUE(executors_.all().empty());
}

TEST_F(JobEnginesTest, SparkNeedsAProgramAndAPlace) {
  config_.job_engines.spark_submit = data_ + "/spark-submit";
  EXPECT_EQ(refused_field(), "spark-results");
  config_.job_engines.spark_results = data_ + "/results";
  ASSERT_TRUE(open());
  EXPECT_TRUE(executors_.get(executors::ExecutorType::kSpark));
  EXPECT_FALSE(executors_.get(executors::ExecutorType::kDatabricks));
  EXPECT_TRUE(fs::exists(data_ + "/spark/run_slice.py"));
  config_.job_engines.spark_submit = data_ + "/no-such-program";
  EXPECT_EQ(refused_field(), "spark-submit");
}

TEST_F(JobEnginesTest, DatabricksNeedsItsTokenFromTheEnvironment) {
  config_.job_engines.databricks_host = "https://adb-1.example";
  config_.job_engines.databricks_cluster = "0101-abc";
  config_.job_engines.databricks_script = "dbfs:/run_slice.py";
  config_.job_engines.databricks_results = data_ + "/results";
  ASSERT_TRUE(open());
  EXPECT_TRUE(executors_.get(executors::ExecutorType::kDatabricks));
  token_ = "";
  EXPECT_EQ(refused_field(), "databricks-host");
  token_ = "dapi-of-the-tests";
}

TEST_F(JobEnginesTest, PlacesInACloudAreOpenedByWhoKnowsThem) {
  config_.job_engines.spark_submit = data_ + "/spark-submit";
  config_.job_engines.spark_results = "s3://bucket/results";
  EXPECT_EQ(refused_field(), "spark-results");
  std::string asked;
  const auto opened = open([&](const std::string& address) -> Result<std::unique_ptr<executors::ResultStore>> {
    asked = address;
    return fail(Code::kUnavailable, "the bucket can't be reached");
  });
  ASSERT_FALSE(opened);
  EXPECT_EQ(asked, "s3://bucket/results");
  EXPECT_TRUE(opened.error().message.contains("can't be reached"));
}

}  // namespace
}  // namespace lakelift::app
