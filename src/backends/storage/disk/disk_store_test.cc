#include "backends/storage/disk/disk_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "backends/storage/testing/contract_suite.h"
#include "backends/storage/testing/temporary_root.h"

namespace lakelift::storage {
namespace {

namespace fs = std::filesystem;
using testing::get;
using testing::ObjectStoreContract;
using testing::put;

class DiskUnderTest final : public testing::StoreUnderTest {
 public:
  DiskUnderTest() { reopen(); }
  void reopen(DiskStoreOptions options = {}) {
    store_.reset();
    auto opened = open_disk_store(root(), random_, std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  ObjectStore& store() override { return *store_; }
  [[nodiscard]] const std::string& root() const { return root_.path(); }
  // Where the object is or would be; its folder is there.
  [[nodiscard]] std::string path_of(const std::string& key) const {
    fs::create_directories(root() + "/objects/" + key.substr(0, 2));
    return root() + "/objects/" + key.substr(0, 2) + "/" + key.substr(2);
  }

 private:
  testing::TemporaryRoot root_;
  SystemRandom random_;
  std::unique_ptr<ObjectStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Disk, ObjectStoreContract,
                         ::testing::Values(testing::StoreFactory{"disk",
                                                                 [] { return std::make_unique<DiskUnderTest>(); }}),
                         testing::name_of_case);

class DiskStoreTest : public ::testing::Test {
 protected:
  std::string key() { return new_key(random_); }
  ObjectStore& store() { return disk_.store(); }
  SystemRandom random_;
  DiskUnderTest disk_;
};

TEST_F(DiskStoreTest, ObjectsAreTheOwnersAloneAndOutliveTheStore) {
  const std::string k = key();
  ASSERT_TRUE(put(store(), k, "kept"));
  struct stat st{};
  ASSERT_EQ(::stat(disk_.path_of(k).c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((disk_.root() + "/objects").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0700U);
  EXPECT_TRUE(fs::is_empty(disk_.root() + "/staging"));
  disk_.reopen();
  EXPECT_EQ(get(store(), k).value_or("?"), "kept");
}

TEST_F(DiskStoreTest, WhatACrashLeftStagedIsSwept) {
  std::ofstream(disk_.root() + "/staging/" + key()) << "half";
  std::ofstream(disk_.root() + "/staging/" + key()) << "half";
  const auto live = store().stage();
  ASSERT_TRUE(live);
  EXPECT_EQ(store().sweep_staged().value_or(99), 2U);
  EXPECT_EQ(std::distance(fs::directory_iterator(disk_.root() + "/staging"), fs::directory_iterator()), 1);
}

TEST_F(DiskStoreTest, PlantedLinksAreRefused) {  // F2
  const std::string secret = disk_.root() + "/secret";
  std::ofstream(secret) << "secret";

  const std::string by_symlink = key();
  fs::create_symlink(secret, disk_.path_of(by_symlink));
  EXPECT_FALSE(store().open(by_symlink));
  EXPECT_FALSE(put(store(), by_symlink, "overwrite"));

  const std::string by_hardlink = key();
  fs::create_hard_link(secret, disk_.path_of(by_hardlink));
  EXPECT_EQ(store().open(by_hardlink).error().code, Code::kCorrupt);

  const std::string under_a_linked_folder = "ab" + key().substr(2);
  fs::remove(disk_.root() + "/objects/ab");
  fs::create_directory(disk_.root() + "/outside");
  std::ofstream(disk_.root() + "/outside/" + under_a_linked_folder.substr(2)) << "outside";
  fs::create_directory_symlink(disk_.root() + "/outside", disk_.root() + "/objects/ab");
  EXPECT_FALSE(store().open(under_a_linked_folder));
  EXPECT_FALSE(put(store(), under_a_linked_folder, "x"));
  EXPECT_FALSE(store().remove(under_a_linked_folder));
  EXPECT_TRUE(fs::exists(disk_.root() + "/outside/" + under_a_linked_folder.substr(2)));

  std::ifstream read(secret);
  std::string content;
  read >> content;
  EXPECT_EQ(content, "secret");
}

TEST_F(DiskStoreTest, APlantedFifoOrFolderDoesNotHoldUs) {
  const std::string fifo = key();
  ASSERT_EQ(::mkfifo(disk_.path_of(fifo).c_str(), 0600), 0);
  EXPECT_EQ(store().open(fifo).error().code, Code::kCorrupt);
  const std::string folder = key();
  fs::create_directory(disk_.path_of(folder));
  EXPECT_FALSE(store().open(folder));
  EXPECT_TRUE(store().list("", 10)->objects.empty());
}

TEST_F(DiskStoreTest, LinkedRootsAreRefused) {
  fs::create_directory(disk_.root() + "/elsewhere");
  const std::string planted = disk_.root() + "/planted";
  fs::create_directory(planted);
  fs::create_directory_symlink(disk_.root() + "/elsewhere", planted + "/objects");
  EXPECT_FALSE(open_disk_store(planted, random_));
  EXPECT_TRUE(fs::is_empty(disk_.root() + "/elsewhere"));
  EXPECT_EQ(open_disk_store(disk_.root() + "/none", random_).error().code, Code::kNotFound);
}

// The nth sync of publish (1: the file, 2: the folder of folders, 3: the folder) fails.
class FailedSync : public ::testing::TestWithParam<int> {};

TEST_P(FailedSync, StopsAllPublishingUntilAFreshStart) {  // D4
  SystemRandom random;
  DiskUnderTest disk;
  const std::string before = "00" + new_key(random).substr(2);
  ASSERT_TRUE(put(disk.store(), before, "before"));
  int calls_until_failure = -1;
  int calls = 0;
  disk.reopen({.sync = [&](int fd) -> Result<void> {
    ++calls;
    if (calls_until_failure > 0 && --calls_until_failure == 0) return fail(Code::kInternal, "EIO");
    return sync_file(fd);
  }});
  auto staged_before = disk.store().stage();
  calls_until_failure = GetParam();
  EXPECT_FALSE(put(disk.store(), "01" + new_key(random).substr(2), "lost"));
  const int calls_at_failure = calls;

  EXPECT_EQ(put(disk.store(), new_key(random), "more").error().code, Code::kUnavailable);
  EXPECT_EQ(disk.store().publish(*std::move(staged_before), new_key(random)).error().code, Code::kUnavailable);
  EXPECT_EQ(disk.store().check().error().code, Code::kUnavailable);
  EXPECT_EQ(calls, calls_at_failure) << "a failed fsync is never tried again";
  EXPECT_EQ(get(disk.store(), before).value_or("?"), "before") << "reading goes on";

  disk.reopen();
  EXPECT_TRUE(put(disk.store(), new_key(random), "again"));
}

INSTANTIATE_TEST_SUITE_P(FileAndFolder, FailedSync, ::testing::Values(1, 2, 3));

TEST_F(DiskStoreTest, ASyncThatFindsTheDiskFullFailsThatObjectOnly) {  // D3
  bool full = false;
  disk_.reopen({.sync = [&](int fd) -> Result<void> {
    if (full) return fail(Code::kNoSpace, "full");
    return sync_file(fd);
  }});
  full = true;
  EXPECT_EQ(put(store(), key(), "x").error().code, Code::kNoSpace);
  full = false;
  EXPECT_TRUE(put(store(), key(), "x"));
  EXPECT_EQ(store().list("", 10)->objects.size(), 1U);
}

TEST_F(DiskStoreTest, AFileLimitIsNoSpace) {
  // In a child: the limit is the process's.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{64 * 1024, 64 * 1024};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(1);
    const auto over = put(store(), key(), std::string(100 * 1024, 'x'));
    if (over || over.error().code != Code::kNoSpace) ::_exit(2);
    if (!put(store(), key(), std::string(10 * 1024, 'x'))) ::_exit(3);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(fs::is_empty(disk_.root() + "/staging"));
}

TEST_F(DiskStoreTest, AFullDiskKeepsWhatIsThereAndRecovers) {  // D3
  const std::string root = disk_.root() + "/small";
  fs::create_directory(root);
  if (::mount("tmpfs", root.c_str(), "tmpfs", 0, "size=4m") != 0) GTEST_SKIP() << "mounting is not allowed here";
  {
    auto small = open_disk_store(root, random_);
    ASSERT_TRUE(small);
    ObjectStore& store = **small;
    const std::string kept = key();
    ASSERT_TRUE(put(store, kept, std::string(1 << 20, 'k')));
    const auto full = put(store, key(), std::string(8 << 20, 'x'));
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Code::kNoSpace);
    EXPECT_TRUE(fs::is_empty(root + "/staging"));
    auto appended = store.stage();
    ASSERT_TRUE(appended);
    Result<void> took;
    for (int i = 0; i < 8 && took; ++i) took = (*appended)->append(as_bytes(std::string(1 << 20, 'x')));
    EXPECT_EQ(took.error().code, Code::kNoSpace);
    appended->reset();
    EXPECT_EQ(get(store, kept).value_or("?"), std::string(1 << 20, 'k'));
    EXPECT_TRUE(put(store, key(), std::string(1 << 20, 'y'))) << "space came back with the staged file";
    EXPECT_TRUE(store.check());
  }
  EXPECT_EQ(::umount(root.c_str()), 0);
}

}  // namespace
}  // namespace lakelift::storage
