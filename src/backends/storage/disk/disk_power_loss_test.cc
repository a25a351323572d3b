// The power goes (threats D2, T3): at every point of random sequences of storing and removing, whatever was
// acknowledged is there, whole, and nothing half is.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "backends/storage/disk/disk_store.h"
#include "backends/storage/testing/memory_store.h"
#include "backends/storage/testing/power_loss.h"
#include "backends/storage/testing/temporary_root.h"
#include "base/encoding.h"

namespace lakelift::storage {
namespace {

namespace fs = std::filesystem;
using testing::Left;
using testing::PowerLoss;

Result<void> no_sync(int) { return {}; }

// One run of a store, looked at through what would be left of it.
class PoweredStore {
 public:
  explicit PoweredStore(std::uint64_t seed) : random_(seed), keys_(seed) {}

  // `skip`: syncs of these are not done, as in a store that forgets them.
  enum class Skip { kNothing, kFiles, kFolders };
  void run(int steps, Skip skip = Skip::kNothing) {
    auto sync = power_.sync([this] { look(); });
    auto opened = open_disk_store(root_.path(), keys_, {.sync = [this, skip, sync](int fd) -> Result<void> {
                                    std::error_code ec;
                                    const bool is_folder = fs::is_directory("/proc/self/fd/" + std::to_string(fd), ec);
                                    if (skip == (is_folder ? Skip::kFolders : Skip::kFiles) && opened_) return {};
                                    return sync(fd);
                                  }});
    ASSERT_TRUE(opened);
    store_ = *std::move(opened);
    opened_ = true;
    for (int i = 0; i < steps; ++i) {
      step();
      look();
    }
  }
  [[nodiscard]] int images() const { return images_; }
  [[nodiscard]] const std::set<std::string>& violations() const { return violations_; }

 private:
  void step() {
    if (!there_.empty() && random_() % 3 == 0) return remove_one();
    // Few folders, so that some are made and others are there.
    std::string key = std::string("0123").substr(random_() % 4, 1) + "0" + new_key(keys_).substr(2);
    const std::string content(random_() % 3'000, static_cast<char>('a' + random_() % 26));
    known_[key] = content;
    auto staged = store_->stage();
    ASSERT_TRUE(staged);
    look();
    if (random_() % 2 == 0) {
      ASSERT_TRUE((*staged)->append(as_bytes(content)));
      (void)(*staged)->seal();
    } else {
      ASSERT_TRUE(write_all((*staged)->fd(), as_bytes(content)));
    }
    look();
    if (random_() % 8 == 0) return;  // given up
    ASSERT_TRUE(store_->publish(*std::move(staged), key));
    there_.insert(key);
  }
  void remove_one() {
    const auto victim = std::next(there_.begin(), static_cast<std::ptrdiff_t>(random_() % there_.size()));
    const std::string key = *victim;
    there_.erase(victim);  // from here on it may be there or not
    ASSERT_TRUE(store_->remove(key));
  }
  // The power goes now: what is found?
  void look() {
    if (!opened_) return;
    for (const Left left : {Left::kOnlySynced, Left::kAllNames, Left::kSomeOfThese}) {
      const testing::TemporaryRoot after;
      power_.image(after.path(), left, random_);
      ++images_;
      check(after.path());
    }
  }
  void check(const std::string& root) {
    auto opened = open_disk_store(root, keys_, {.sync = no_sync});
    if (!opened) {
      violations_.insert("the store does not open: " + opened.error().message);
      return;
    }
    ObjectStore& store = **opened;
    EXPECT_TRUE(store.sweep_staged());
    EXPECT_TRUE(fs::is_empty(root + "/staging"));
    std::set<std::string> found;
    const auto listed = store.list("", 10'000);
    ASSERT_TRUE(listed);
    for (const auto& info : listed->objects) {
      found.insert(info.key);
      if (testing::get(store, info.key).value_or("") != known_.at(info.key)) violations_.insert("an object is half");
    }
    for (const auto& key : there_) {
      if (!found.contains(key)) violations_.insert("an acknowledged object is lost");
    }
  }

  std::mt19937_64 random_;
  SeededRandom keys_;
  const testing::TemporaryRoot root_;
  PowerLoss power_{root_.path()};
  std::unique_ptr<ObjectStore> store_;
  bool opened_ = false;
  std::map<std::string, std::string> known_;  // what each key's object has to be
  std::set<std::string> there_;               // acknowledged, and nobody has begun to remove it
  int images_ = 0;
  std::set<std::string> violations_;
};

TEST(DiskStorePowerLoss, WhateverWasAcknowledgedIsThereAndNothingHalf) {
  int images = 0;
  for (std::uint64_t seed = 1; images < 1'000 && seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    PoweredStore disk(seed);
    disk.run(14);
    EXPECT_TRUE(disk.violations().empty()) << *disk.violations().begin();
    images += disk.images();
  }
  EXPECT_GE(images, 1'000);
}

// The model sees what it is there to see: stores that forget a sync are found out.
TEST(DiskStorePowerLoss, AStoreThatForgetsASyncIsFoundOut) {
  PoweredStore no_files(1);
  no_files.run(6, PoweredStore::Skip::kFiles);
  EXPECT_TRUE(no_files.violations().contains("an object is half"));
  PoweredStore no_folders(1);
  no_folders.run(6, PoweredStore::Skip::kFolders);
  EXPECT_TRUE(no_folders.violations().contains("an acknowledged object is lost"));
}

// A removal is not synced: the object may come back, whole. Whoever sweeps orphans finds it in the list.
TEST(DiskStorePowerLoss, ARemovedObjectMayComeBackWhole) {
  const testing::TemporaryRoot root;
  SystemRandom random;
  PowerLoss power(root.path());
  auto store = open_disk_store(root.path(), random, {.sync = power.sync()});
  ASSERT_TRUE(store);
  const std::string key = new_key(random);
  ASSERT_TRUE(testing::put(**store, key, "removed"));
  ASSERT_TRUE((*store)->remove(key));
  EXPECT_FALSE((*store)->open(key));
  const testing::TemporaryRoot after;
  std::mt19937_64 chance(1);
  power.image(after.path(), Left::kOnlySynced, chance);
  auto again = open_disk_store(after.path(), random);
  ASSERT_TRUE(again);
  ASSERT_EQ((*again)->list("", 10)->objects.size(), 1U);
  EXPECT_EQ(testing::get(**again, key).value_or("?"), "removed");
}

}  // namespace
}  // namespace lakelift::storage
