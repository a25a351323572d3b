#include "columnar/engine/distinct_tally.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "columnar/engine/predicate.h"

namespace lakelift::columnar {
namespace {

RC_GTEST_PROP(DistinctTallyProperty, CountsAsAMapDoes, (std::vector<std::int64_t> values)) {
  DistinctTally tally(10'000);
  std::map<std::uint64_t, std::int64_t> truth;
  for (const Wide value : values) {
    tally.add(key_of(value));
    ++truth[static_cast<std::uint64_t>(value)];
  }
  RC_ASSERT(tally.exact());
  RC_ASSERT(tally.distinct() == static_cast<std::int64_t>(truth.size()));
  std::map<std::uint64_t, std::int64_t> ours;
  for (const auto& [key, count] : tally.entries()) ours[key] = count;
  RC_ASSERT(ours == truth);
}

TEST(DistinctTally, IsExactUpToItsCapacity) {
  DistinctTally tally(1'000);
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t key = 0; key < 1'000; ++key) tally.add(key, 3);
  }
  EXPECT_TRUE(tally.exact());
  EXPECT_EQ(tally.distinct(), 1'000);
  EXPECT_EQ(tally.entries()[0].count, 6);
  tally.add(1'000);
  EXPECT_FALSE(tally.exact());
  EXPECT_TRUE(tally.entries().empty());
  EXPECT_NEAR(static_cast<double>(tally.distinct()), 1'001, 20);
}

// Every estimate within 2 %, from sketches that are nearly empty to those that are full.
TEST(DistinctTally, EstimatesAreWithinTwoPercent) {
  for (const std::int64_t distinct : {600, 5'000, 40'000, 100'000, 200'000, 400'000, 1'000'000}) {
    DistinctTally whole(512);
    DistinctTally text(512);
    for (std::int64_t i = 0; i < distinct; ++i) {
      whole.add(key_of(Wide{i * 1'000}));
      if (i < 200'000) text.add(key_of("key " + std::to_string(i)));
    }
    EXPECT_NEAR(static_cast<double>(whole.distinct()) / static_cast<double>(distinct), 1, 0.02) << distinct;
    const auto texts = static_cast<double>(std::min<std::int64_t>(distinct, 200'000));
    EXPECT_NEAR(static_cast<double>(text.distinct()) / texts, 1, 0.02) << distinct;
  }
}

TEST(HyperLogLog, RepetitionsDoNotCount) {
  HyperLogLog sketch;
  EXPECT_EQ(sketch.estimate(), 0);
  for (int i = 0; i < 100; ++i) sketch.add(0x123456789ABCDEFULL);
  EXPECT_EQ(sketch.estimate(), 1);
}

TEST(Keys, WhatIsEqualHasOneKey) {
  EXPECT_EQ(key_of(0.0), key_of(-0.0));
  EXPECT_EQ(key_of(std::nan("1")), key_of(-std::nan("2")));
  EXPECT_NE(key_of(1.0), key_of(std::nextafter(1.0, 2.0)));
  EXPECT_EQ(double_of(key_of(-2.5)), -2.5);
  EXPECT_EQ(key_of(Wide{-1}), std::numeric_limits<std::uint64_t>::max());
  EXPECT_NE(key_of(std::string_view("a")), key_of(std::string_view("b")));
  EXPECT_NE(key_of(table::Datetime{1, 0}), key_of(table::Datetime{0, 1}));
}

}  // namespace
}  // namespace lakelift::columnar
