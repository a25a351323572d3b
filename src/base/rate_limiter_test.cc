#include "base/rate_limiter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace lakelift {
namespace {

constexpr Rate kRate{.burst = 3, .refill_each = 10 * kMicrosPerSecond};

class RateLimiterTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  RateLimiter limiter_{clock_, kRate, 4};
};

TEST_F(RateLimiterTest, ABurstThenOneInEachInterval) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter_.take("a")) << i;
  const auto refused = limiter_.take("a");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kTooMany);
  EXPECT_EQ(refused.error().retry_after_seconds, 10);
  EXPECT_TRUE(limiter_.take("b")) << "another's bucket";

  clock_.advance(9'999'999);
  EXPECT_EQ(limiter_.take("a").error().retry_after_seconds, 1);
  clock_.advance(1);
  EXPECT_TRUE(limiter_.take("a"));
  EXPECT_FALSE(limiter_.take("a"));
  clock_.advance(1'000 * kMicrosPerSecond);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter_.take("a")) << "full again, and no fuller";
  EXPECT_FALSE(limiter_.take("a"));
}

TEST_F(RateLimiterTest, AskingCostsNothingAndFailuresCount) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter_.check("a"));
  EXPECT_EQ(limiter_.size(), 0U);
  for (int i = 0; i < 10; ++i) limiter_.spend("a");
  EXPECT_EQ(limiter_.check("a").error().retry_after_seconds, 10) << "spending more than there is adds no debt";
  limiter_.forget("a");
  limiter_.forget("nobody");
  EXPECT_TRUE(limiter_.check("a"));
}

TEST_F(RateLimiterTest, TheQuietestIsForgottenFirst) {
  for (int i = 0; i < 3; ++i) limiter_.spend("a");
  for (const char* other : {"b", "c", "d"}) limiter_.spend(other);
  EXPECT_FALSE(limiter_.take("a"));
  limiter_.spend("a");
  limiter_.spend("e");
  EXPECT_EQ(limiter_.size(), 4U);
  EXPECT_FALSE(limiter_.check("a"));
  for (const char* other : {"f", "g", "h", "i"}) limiter_.spend(other);
  EXPECT_EQ(limiter_.size(), 4U);
  EXPECT_TRUE(limiter_.check("a"));
}

TEST_F(RateLimiterTest, ALongKeyIsAKeyToo) {
  const std::string one(1'000'000, 'x');
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter_.take(one));
  EXPECT_FALSE(limiter_.take(one));
  EXPECT_TRUE(limiter_.take(one + "y"));
}

TEST_F(RateLimiterTest, OfManyAtOnceNoMorePassThanThereAre) {
  std::atomic<int> passed = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) threads.emplace_back([&] { passed += limiter_.take("a") ? 1 : 0; });
  }
  EXPECT_EQ(passed, 3);
}

TEST(RateLimiterKey, OneHouseSharesABucket) {  // A8
  const struct {
    const char* address;
    const char* key;
  } cases[] = {
      {"192.0.2.7", "192.0.2.7"},
      {"::ffff:192.0.2.7", "192.0.2.7"},
      {"::FFFF:c000:207", "192.0.2.7"},
      {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
      {"2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"},
      {"2001:db8:1:3::1", "2001:db8:1:3::/64"},
      {"fe80::1%eth0", "fe80::/64"},
      {"::1", "::/64"},
      {"local", "local"},
      {"", ""},
      {"1.2.3.4.5", "1.2.3.4.5"},
  };
  for (const auto& c : cases) EXPECT_EQ(RateLimiter::key_of_address(c.address), c.key) << c.address;
}

// Over any stretch of time never more than the burst and what was refilled.
RC_GTEST_PROP(RateLimiterProperty, NeverMoreThanTheRate, (const std::vector<std::uint16_t>& pauses)) {
  ManualClock clock;
  RateLimiter limiter(clock, {.burst = 5, .refill_each = 1'000});
  const Micros start = clock.monotonic();
  std::int64_t passed = 0;
  for (const std::uint16_t pause : pauses) {
    clock.advance(pause % 700);
    passed += limiter.take("a") ? 1 : 0;
    RC_ASSERT(passed <= 5 + (clock.monotonic() - start) / 1'000);
  }
}

}  // namespace
}  // namespace lakelift
