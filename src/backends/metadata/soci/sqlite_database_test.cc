#include "backends/metadata/soci/sqlite_database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "backends/metadata/testing/temporary_folder.h"

namespace lakelift::metadata {
namespace {

class Sqlite : public ::testing::Test {
 protected:
  Sqlite() {
    auto opened = open_sqlite(path_);
    EXPECT_TRUE(opened);
    database_ = *std::move(opened);
    EXPECT_TRUE(database_->write(
        [](Transaction& t) { return t.exec("CREATE TABLE test_rows(id INTEGER PRIMARY KEY, s TEXT)"); }));
  }

  Result<std::int64_t> count() {
    return database_->read([](Session& s) -> Result<std::int64_t> {
      TRY(auto row, s.row<std::int64_t>("SELECT COUNT(*) FROM test_rows"));
      return std::get<0>(*row);
    });
  }

  const testing::TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/lakelift.db";
  std::unique_ptr<Database> database_;
};

TEST_F(Sqlite, TheLogIsFoldedInAndGoneAfterClosing) {
  const std::string filler(3'000, 'x');
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(database_->write([&](Transaction& t) -> Result<void> {
      for (int i = 0; i < 1'000; ++i) TRY_VOID(t.exec("INSERT INTO test_rows(s) VALUES(?)", {filler}));
      return {};
    }));
    ASSERT_TRUE(count());
  }
  // Without checkpoints the log would hold all 12 MB.
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 8'000'000U);
  database_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
  const auto again = open_sqlite(path_);
  ASSERT_TRUE(again);
  const auto rows = (*again)->read([](Session& s) { return s.row<std::int64_t>("SELECT COUNT(*) FROM test_rows"); });
  ASSERT_TRUE(rows && *rows);
  EXPECT_EQ(std::get<0>(**rows), 4'000);
}

TEST_F(Sqlite, FilesAreTheOwnersAlone) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat st{};
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &st), 0) << suffix;
    EXPECT_EQ(st.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST_F(Sqlite, WhatIsNoDatabaseIsRefused) {
  const std::string path = folder_.path() + "/some = \tname.db";
  std::ofstream(path) << std::string(10'000, 'x');
  const auto opened = open_sqlite(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kCorrupt) << opened.error().message;
  EXPECT_EQ(open_sqlite(folder_.path() + "/a\"b").error().code, Code::kInvalid);
  EXPECT_FALSE(open_sqlite(folder_.path() + "/none/a.db"));
}

TEST_F(Sqlite, APathWithSpacesAndSignsIsThatPath) {
  const std::string path = folder_.path() + "/my data  key=value db=x.db";
  ASSERT_TRUE(open_sqlite(path));
  EXPECT_GT(std::filesystem::file_size(path), 0U);
}

}  // namespace
}  // namespace lakelift::metadata
