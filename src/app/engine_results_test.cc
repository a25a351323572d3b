#include "app/engine_results.h"

#include <gtest/gtest.h>

#include "backends/storage/cloud/testing/memory_blobs.h"
#include "base/file_bytes.h"
#include "base/testing/memory_file.h"

namespace lakelift::app {
namespace {

using lakelift::testing::memory_file;
using lakelift::testing::text_of;

class EngineResults : public ::testing::Test {
 protected:
  void put(const std::string& key, const std::string& text) {
    const auto file = memory_file(text);
    FileBytes bytes(file.get(), text.size());
    ASSERT_TRUE(blobs_->put(key, {bytes, 0, text.size()}));
  }

  ManualClock clock_;
  storage::testing::MemoryBlobs* blobs_ = new storage::testing::MemoryBlobs(clock_, true);
  BlobResults results_{std::unique_ptr<storage::BlobClient>(blobs_), "s3://lake/results/"};
};

TEST_F(EngineResults, EnginesNameAzureByItsAccount) {
  EXPECT_EQ(engine_address("s3://lake/results", "acme"), "s3://lake/results");
  EXPECT_EQ(engine_address("azure://lake", "acme"), "abfss://lake@acme.dfs.core.windows.net");
  EXPECT_EQ(engine_address("azure://lake/a/b", "acme"), "abfss://lake@acme.dfs.core.windows.net/a/b");
}

TEST_F(EngineResults, AddressesGoBothWays) {
  EXPECT_EQ(results_.address_of("runs/a/1"), "s3://lake/results/runs/a/1/");
  EXPECT_EQ(results_.folder_of("s3://lake/results/runs/a/1/").value(), "runs/a/1");
  EXPECT_EQ(results_.folder_of("s3://lake/results/runs/a/1/p").value(), "runs/a/1/p");
  for (const char* bad :
       {"s3://lake/results/", "s3://lake/result/x", "s3://other/results/x", "", "s3://lake/results/../x",
        "s3://lake/results/a//b", "s3://lake/results//", "s3://lake/results/./x"}) {
    const auto folder = results_.folder_of(bad);
    ASSERT_FALSE(folder) << bad;
    EXPECT_EQ(folder.error().code, Code::kInvalid) << bad;
  }
}

TEST_F(EngineResults, AFolderHasWhatLiesInItAlone) {
  for (int i = 0; i < 30; ++i) put("runs/a/1/part" + std::to_string(10 + i), std::string(1 + i, 'x'));
  put("runs/a/10/part", "y");
  put("runs/a/1.x", "y");
  put("runs/a/0/part", "y");
  put("runs/b/1/part", "y");
  const auto files = results_.list("runs/a/1");
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->size(), 30U);
  EXPECT_EQ(files->front().name, "part10");
  EXPECT_EQ(files->back().name, "part39");
  EXPECT_EQ(files->back().size_bytes, 30U);
  ASSERT_TRUE(results_.remove("runs/a/1"));
  EXPECT_TRUE(results_.list("runs/a/1")->empty());
  EXPECT_EQ(results_.list("runs/a")->size(), 3U) << "the neighbours stay";
  EXPECT_EQ(results_.list("runs/b/1")->size(), 1U);
  EXPECT_TRUE(results_.remove("runs/none"));
}

TEST_F(EngineResults, FilesAreFetchedWholeAlsoWhenReadingBreaksOff) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i);
  put("runs/a/1/part", text);
  put("runs/a/1/empty", "");
  blobs_->break_reads_after(200'000);
  const auto output = memory_file();
  ASSERT_TRUE(results_.fetch("runs/a/1/part", output.get(), {}));
  EXPECT_EQ(text_of(output.get()), text);
  const auto none = memory_file();
  ASSERT_TRUE(results_.fetch("runs/a/1/empty", none.get(), {}));
  EXPECT_EQ(text_of(none.get()), "");
  EXPECT_EQ(results_.fetch("runs/a/1/gone", none.get(), {}).error().code, Code::kNotFound);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(results_.fetch("runs/a/1/part", none.get(), stop.get_token()).error().code, Code::kCancelled);
}

TEST_F(EngineResults, ManifestsHaveALimit) {
  put("runs/a/manifest.csv", "s3://lake/results/runs/a/1/part\n");
  EXPECT_EQ(results_.read("runs/a/manifest.csv", 100).value(), "s3://lake/results/runs/a/1/part\n");
  EXPECT_EQ(results_.read("runs/a/manifest.csv", 10).error().code, Code::kTooLarge);
  EXPECT_EQ(results_.read("runs/a/none", 10).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace lakelift::app
