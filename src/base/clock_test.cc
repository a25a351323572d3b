#include "base/clock.h"

#include <gtest/gtest.h>

namespace lakelift {
namespace {

TEST(Iso8601, HasMicrosecondsAndZ) {
  EXPECT_EQ(iso8601(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(iso8601(1'795'368'915'000'001), "2026-11-22T17:35:15.000001Z");
  EXPECT_EQ(iso8601(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(iso8601(-kMicrosPerSecond), "1969-12-31T23:59:59.000000Z");
  EXPECT_EQ(iso8601(951'782'400 * kMicrosPerSecond), "2000-02-29T00:00:00.000000Z");
}

TEST(HttpDate, IsWhatRfc9110Shows) {
  EXPECT_EQ(http_date(784'111'777 * kMicrosPerSecond), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(1'795'368'915'000'001), "Sun, 22 Nov 2026 17:35:15 GMT");
}

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock(5);
  EXPECT_EQ(clock.now(), 5);
  clock.advance(10);
  EXPECT_EQ(clock.now(), 15);
  EXPECT_EQ(clock.monotonic(), 15);
  clock.set(1);
  EXPECT_EQ(clock.now(), 1);
}

TEST(SystemClock, MonotonicNeverGoesBack) {
  const SystemClock clock;
  Micros before = clock.monotonic();
  for (int i = 0; i < 1'000; ++i) {
    const Micros next = clock.monotonic();
    ASSERT_GE(next, before);
    before = next;
  }
  EXPECT_GT(clock.now(), 1'700'000'000 * kMicrosPerSecond);
}

}  // namespace
}  // namespace lakelift
