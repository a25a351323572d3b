#include "backends/executors/results/folder_results.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;

class FolderResultsTest : public ::testing::Test {
 protected:
  FolderResultsTest() {
    std::string made = ::testing::TempDir() + "folder-results-XXXXXX";
    root_ = ::mkdtemp(made.data());
    auto opened = open_folder_results(root_ + "/results");
    if (opened) store_ = *std::move(opened);
  }
  ~FolderResultsTest() override { fs::remove_all(root_); }

  void put(const std::string& name, const std::string& bytes) {
    const fs::path path = fs::path(root_) / "results" / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << bytes;
  }

  std::string root_;
  std::unique_ptr<ResultStore> store_;
};

TEST_F(FolderResultsTest, NamesGoBothWays) {
  ASSERT_TRUE(store_);
  const std::string address = store_->address_of("runs/a/1");
  EXPECT_TRUE(address.ends_with("/results/runs/a/1/"));
  EXPECT_EQ(store_->folder_of(address), "runs/a/1");
  EXPECT_EQ(store_->folder_of("file://" + address), "runs/a/1");
  EXPECT_EQ(store_->folder_of("/elsewhere/runs/a/1/").error().code, Code::kInvalid);
  EXPECT_EQ(store_->folder_of(store_->address_of("runs/../../x")).error().code, Code::kInvalid);
}

TEST_F(FolderResultsTest, ListsReadsFetchesAndRemoves) {
  put("runs/a/1/part-1.parquet", "one");
  put("runs/a/1/part-0.parquet", "zero");
  put("runs/a/1/.manifest.json.x", "unfinished");
  put("runs/b/1/part-0.parquet", "other");
  const auto listed = store_->list("runs/a/1");
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 2);
  EXPECT_EQ((*listed)[0].name, "part-0.parquet");
  EXPECT_EQ((*listed)[0].size_bytes, 4);
  EXPECT_EQ(store_->list("runs/none")->size(), 0);
  EXPECT_EQ(store_->read("runs/a/1/part-0.parquet", 4), "zero");
  EXPECT_EQ(store_->read("runs/a/1/part-0.parquet", 3).error().code, Code::kTooLarge);
  EXPECT_EQ(store_->read("runs/a/1/nothing", 3).error().code, Code::kNotFound);
  EXPECT_EQ(store_->read("runs/a/1", 3).error().code, Code::kNotFound);

  const UniqueFd out(::open(root_.c_str(), O_TMPFILE | O_RDWR, 0600));
  ASSERT_TRUE(store_->fetch("runs/a/1/part-0.parquet", out.get(), {}));
  ASSERT_TRUE(store_->fetch("runs/a/1/part-1.parquet", out.get(), {}));
  EXPECT_EQ(file_size(out.get()), 7);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(store_->fetch("runs/a/1/part-0.parquet", out.get(), stop.get_token()).error().code, Code::kCancelled);

  ASSERT_TRUE(store_->remove("runs/a/1"));
  ASSERT_TRUE(store_->remove("runs/a/1"));
  EXPECT_EQ(store_->list("runs/a")->size(), 0);
  EXPECT_EQ(store_->list("runs")->size(), 1);
}

TEST_F(FolderResultsTest, NothingLeadsOutOfIt) {
  std::ofstream(root_ + "/secret") << "secret";
  put("runs/a/1/part-0.parquet", "zero");
  fs::create_symlink(root_ + "/secret", root_ + "/results/runs/a/1/part-9.parquet");
  fs::create_directory_symlink(root_, root_ + "/results/runs/out");
  EXPECT_FALSE(store_->read("runs/a/1/part-9.parquet", 100));
  EXPECT_FALSE(store_->read("runs/out/secret", 100));
  EXPECT_EQ(store_->read("../secret", 100).error().code, Code::kInvalid);
  EXPECT_EQ(store_->read("/etc/hostname", 100).error().code, Code::kInvalid);
  EXPECT_EQ(store_->list("..").error().code, Code::kInvalid);
  EXPECT_EQ(store_->list("runs/a/1")->size(), 1);
  EXPECT_EQ(store_->remove("runs/..").error().code, Code::kInvalid);
  ASSERT_TRUE(store_->remove("runs/out"));
  EXPECT_TRUE(fs::exists(root_ + "/secret"));
}

TEST_F(FolderResultsTest, IsNobodyElses) {
  struct stat status{};
  ASSERT_EQ(::stat((root_ + "/results").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07, 0);
}

TEST(FolderResults, NeedsAWholePath) { EXPECT_EQ(open_folder_results("results").error().code, Code::kInvalid); }

}  // namespace
}  // namespace lakelift::executors
