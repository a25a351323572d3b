#include "backends/storage/testing/faulty_stores.h"

#include <gtest/gtest.h>

#include <thread>

#include "backends/storage/testing/memory_store.h"

namespace lakelift::storage::testing {
namespace {

const Error kFull{Code::kNoSpace, {}, "full", {}};

class FaultyStores : public ::testing::Test {
 protected:
  std::string key() { return new_key(random_); }
  ManualClock clock_;
  SeededRandom random_;
  MemoryStore memory_{clock_};
};

TEST_F(FaultyStores, TheNthCallFailsOnce) {
  FailingStore failing(memory_);
  failing.fail_at(Operation::kPublish, 2, kFull);
  EXPECT_TRUE(put(failing, key(), "1"));
  const std::string second = key();
  EXPECT_EQ(put(failing, second, "2").error().code, Code::kNoSpace);
  EXPECT_FALSE(memory_.open(second));
  EXPECT_TRUE(put(failing, key(), "3"));
}

TEST_F(FaultyStores, ALostAnswerLeavesTheObject) {
  FailingStore failing(memory_);
  failing.fail_at(Operation::kPublishAnswer, 1, kFull);
  const std::string k = key();
  EXPECT_FALSE(put(failing, k, "1"));
  EXPECT_TRUE(memory_.open(k));
}

TEST_F(FaultyStores, AlwaysUntilToldOtherwise) {
  FailingStore failing(memory_);
  const std::string k = key();
  ASSERT_TRUE(put(failing, k, "1"));
  failing.fail_always(Operation::kRead, kFull);
  EXPECT_FALSE(get(failing, k));
  EXPECT_FALSE(get(failing, k));
  failing.fail_always(Operation::kRead, std::nullopt);
  EXPECT_TRUE(get(failing, k));
}

TEST_F(FaultyStores, AGateHoldsUntilOpened) {
  GatedStore gated(memory_);
  gated.close(Operation::kPublish);
  const std::string k = key();
  std::atomic<bool> done = false;
  std::jthread publisher([&] { done = put(gated, k, "1").has_value(); });
  ASSERT_TRUE(gated.wait_until_blocked(Operation::kPublish));
  EXPECT_FALSE(memory_.open(k));
  EXPECT_FALSE(done);
  gated.open_gate(Operation::kPublish);
  publisher.join();
  EXPECT_TRUE(done);
  EXPECT_TRUE(memory_.open(k));
}

}  // namespace
}  // namespace lakelift::storage::testing
