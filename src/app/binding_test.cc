#include "app/binding.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::app {
namespace {

using metadata::testing::TemporaryDatabase;
using metadata::testing::TemporaryFolder;

TEST(Binding, AFolderKeepsToItsDatabase) {
  const TemporaryFolder folder;
  const TemporaryDatabase mine;
  const TemporaryDatabase other;
  SeededRandom random;
  ASSERT_TRUE(bind_to_database(folder.path(), *mine, random));
  EXPECT_TRUE(bind_to_database(folder.path(), *mine, random));
  const auto refused = bind_to_database(folder.path(), *other, random);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("--database"), std::string::npos);
}

TEST(Binding, ADatabaseMayHaveManyFolders) {
  const TemporaryFolder one;
  const TemporaryFolder another;
  const TemporaryDatabase database;
  SeededRandom random;
  EXPECT_TRUE(bind_to_database(one.path(), *database, random));
  EXPECT_TRUE(bind_to_database(another.path(), *database, random));
}

}  // namespace
}  // namespace lakelift::app
