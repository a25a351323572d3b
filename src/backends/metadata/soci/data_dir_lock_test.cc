#include "backends/metadata/soci/data_dir_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "backends/metadata/testing/temporary_folder.h"

namespace lakelift::metadata {
namespace {

using testing::TemporaryFolder;

TEST(DataDirLock, ASecondHolderIsRefusedAndToldTheFirst) {  // D6
  const TemporaryFolder folder;
  {
    const auto first = DataDirLock::acquire(folder.path(), "process 41");
    ASSERT_TRUE(first);
    const auto second = DataDirLock::acquire(folder.path(), "process 42");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::kConflict);
    EXPECT_NE(second.error().message.find("another process serves this folder (process 41)"), std::string::npos);
  }
  EXPECT_TRUE(DataDirLock::acquire(folder.path(), "process 42"));
}

TEST(DataDirLock, IsGoneWithAKilledProcess) {
  const TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = DataDirLock::acquire(folder.path(), "child");
    const char answer = lock ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_FALSE(DataDirLock::acquire(folder.path(), "parent"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_TRUE(DataDirLock::acquire(folder.path(), "parent"));
}

TEST(DataDirLock, APlantedLinkIsNotFollowed) {  // F2
  const TemporaryFolder folder;
  std::filesystem::create_symlink(folder.path() + "/elsewhere", folder.path() + "/lock");
  EXPECT_FALSE(DataDirLock::acquire(folder.path(), "us"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/elsewhere"));
}

TEST(DataDirLock, AMissingFolderIsNotFound) {
  const TemporaryFolder folder;
  const auto lock = DataDirLock::acquire(folder.path() + "/none", "us");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace lakelift::metadata
