#include "base/id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lakelift {
namespace {

TEST(Uuid, Version4HasItsMarks) {
  SeededRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string id = uuid_v4(random);
    EXPECT_TRUE(is_uuid(id)) << id;
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
    EXPECT_TRUE(std::ranges::none_of(id, [](char c) { return c >= 'A' && c <= 'F'; }));
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Uuid, Version7SortsByTime) {
  SeededRandom random;
  ManualClock clock(1'645'557'742'000 * 1'000);  // the example of RFC 9562
  EXPECT_EQ(uuid_v7(clock, random).substr(0, 15), "017f22e2-79b0-7");
  std::string before = uuid_v7(clock, random);
  for (int i = 0; i < 1'000; ++i) {
    clock.advance(1'000 * (i + 1));
    const std::string next = uuid_v7(clock, random);
    EXPECT_TRUE(is_uuid(next));
    EXPECT_LT(before, next);
    before = next;
  }
}

TEST(Uuid, OnlyTheCanonicalFormIsOne) {
  EXPECT_TRUE(is_uuid("f47ac10b-58cc-4372-a567-0e02b2c3d479"));
  EXPECT_TRUE(is_uuid("F47AC10B-58CC-4372-A567-0E02B2C3D479"));
  for (const auto* bad :
       {"", "f47ac10b58cc4372a5670e02b2c3d479", "{f47ac10b-58cc-4372-a567-0e02b2c3d479}",
        "f47ac10b-58cc-4372-a567-0e02b2c3d47", "f47ac10b-58cc-4372-a567-0e02b2c3d4790",
        "g47ac10b-58cc-4372-a567-0e02b2c3d479", "f47ac10b-58cc-4372-a567_0e02b2c3d479",
        "f47ac10b--58cc-4372-a567-0e02b2c3d47", "\xff\xff\xff\xff\xff\xff\xff\xff-58cc-4372-a567-0e02b2c3d479"}) {
    EXPECT_FALSE(is_uuid(bad)) << bad;
  }
}

TEST(Random, SeededRepeatsAndSystemDoesNot) {
  SeededRandom a(7);
  SeededRandom b(7);
  SeededRandom c(8);
  const std::string first = random_hex(a, 13);
  EXPECT_EQ(first.size(), 26U);
  EXPECT_EQ(first, random_hex(b, 13));
  EXPECT_NE(first, random_hex(c, 13));
  EXPECT_EQ(random_hex(a, 0), "");
  SystemRandom system;
  EXPECT_NE(random_hex(system, 16), random_hex(system, 16));
  EXPECT_NE(system.next(), system.next());
}

}  // namespace
}  // namespace lakelift
