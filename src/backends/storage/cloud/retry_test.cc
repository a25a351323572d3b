#include "backends/storage/cloud/retry.h"

#include <gtest/gtest.h>

#include <vector>

namespace lakelift::storage {
namespace {

class RetriesTest : public ::testing::Test {
 protected:
  // How many attempts were made.
  int run(std::vector<Attempt> outcomes) {
    int made = 0;
    retries_.run([&](int number) {
      EXPECT_EQ(number, ++made);
      return outcomes[std::min<std::size_t>(static_cast<std::size_t>(number) - 1, outcomes.size() - 1)];
    });
    return made;
  }
  SeededRandom random_;
  std::vector<std::int64_t> pauses_;
  Retries retries_{random_, [this](std::int64_t ms) { pauses_.push_back(ms); }};
};

TEST_F(RetriesTest, EndsWithTheFirstThatIsDone) {
  EXPECT_EQ(run({Attempt::kDone}), 1);
  EXPECT_EQ(run({Attempt::kAgain, Attempt::kSlow, Attempt::kDone}), 3);
  EXPECT_EQ(pauses_.size(), 2U);
}

TEST_F(RetriesTest, GivesUpAfterAFew) { EXPECT_EQ(run({Attempt::kAgain}), limits::kAttempts); }

TEST_F(RetriesTest, PausesAreRandomAndNeverTooLong) {
  for (int i = 0; i < 10; ++i) (void)run({Attempt::kAgain});
  std::int64_t longest = 0;
  for (const std::int64_t pause : pauses_) {
    EXPECT_GE(pause, 0);
    longest = std::max(longest, pause);
  }
  EXPECT_LE(longest, limits::kRetryMs << (limits::kAttempts - 2));
  EXPECT_GT(longest, limits::kRetryMs);  // they grow
}

TEST_F(RetriesTest, AStormIsNotMade) {  // threats T18
  int attempts = 0;
  constexpr int kCalls = 200;
  for (int i = 0; i < kCalls; ++i) attempts += run({Attempt::kAgain});
  EXPECT_EQ(attempts, kCalls + static_cast<int>(limits::kRetryBudget));
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(run({Attempt::kDone}), 1);
  EXPECT_EQ(retries_.budget().left(), limits::kRetryBudget);
}

}  // namespace
}  // namespace lakelift::storage
