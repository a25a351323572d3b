// kill -9 while objects are published (threats D1): what was acknowledged is there, whole, and nothing half is.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <vector>

#include "backends/storage/disk/disk_store.h"
#include "backends/storage/testing/memory_store.h"
#include "backends/storage/testing/temporary_root.h"

namespace lakelift::storage {
namespace {

namespace fs = std::filesystem;

// Every object tells its own content: its key, many times.
std::string content_of(const std::string& key) {
  std::string content;
  const int times = 1 + std::stoi(key.substr(0, 3), nullptr, 16) * 4;
  for (int i = 0; i < times; ++i) content += key;
  return content;
}

[[noreturn]] void publish_until_killed(const std::string& root, int tell) {
  SystemRandom random;
  auto store = open_disk_store(root, random);
  if (!store) ::_exit(3);
  const auto unfinished = (*store)->stage();  // every kill leaves at least this one behind
  if (!unfinished) ::_exit(3);
  for (;;) {
    const std::string key = new_key(random);
    if (!testing::put(**store, key, content_of(key))) ::_exit(4);
    if (::write(tell, key.data(), key.size()) != static_cast<ssize_t>(key.size())) ::_exit(5);
  }
}

TEST(DiskStoreKilled, EveryAcknowledgedObjectIsThereAndNoHalfOne) {
  const testing::TemporaryRoot folder;
  const std::string& root = folder.path();
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  SystemRandom keys;
  std::size_t acknowledged = 0;
  std::size_t swept = 0;
  for (int round = 0; round < 20; ++round) {
    int channel[2];
    ASSERT_EQ(::pipe(channel), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) publish_until_killed(root, channel[1]);
    ::close(channel[1]);
    std::vector<std::string> told;
    std::string key(32, '\0');
    const auto hear = [&] { return ::read(channel[0], key.data(), key.size()) == static_cast<ssize_t>(key.size()); };
    for (unsigned n = random() % 20; n > 0; --n) {
      ASSERT_TRUE(hear());
      told.push_back(key);
    }
    for (unsigned spins = random() % 400'000; spins > 0; --spins) asm volatile("");  // to a random moment
    ::kill(child, SIGKILL);
    while (hear()) told.push_back(key);
    ::close(channel[0]);
    ::waitpid(child, nullptr, 0);
    acknowledged += told.size();

    auto opened = open_disk_store(root, keys);
    ASSERT_TRUE(opened);
    ObjectStore& store = **opened;
    const auto left = store.sweep_staged();
    ASSERT_TRUE(left);
    swept += *left;
    EXPECT_TRUE(fs::is_empty(root + "/staging"));
    for (const std::string& k : told) EXPECT_EQ(testing::get(store, k).value_or("?"), content_of(k));
    const auto all = store.list("", 10'000);
    ASSERT_TRUE(all);
    EXPECT_LE(all->objects.size(), told.size() + 1) << "at most the one that was about to be told";
    for (const ObjectInfo& info : all->objects) {
      EXPECT_EQ(testing::get(store, info.key).value_or("?"), content_of(info.key));
      ASSERT_TRUE(store.remove(info.key));
    }
  }
  EXPECT_GT(acknowledged, 20U);
  EXPECT_GT(swept, 0U) << "what was unfinished is swept";
}

}  // namespace
}  // namespace lakelift::storage
