#include "backends/metadata/identity.h"

#include <gtest/gtest.h>

#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::metadata {
namespace {

TEST(Identity, IsMadeOnceAndKept) {
  testing::TemporaryDatabase database;
  SeededRandom random;
  const auto first = identity_of(*database, random);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->size(), 32U);
  EXPECT_EQ(identity_of(*database, random).value(), *first);
  database.reopen();
  EXPECT_EQ(identity_of(*database, random).value(), *first);
}

TEST(Identity, IsEachDatabasesOwn) {
  const testing::TemporaryDatabase one;
  const testing::TemporaryDatabase other;
  SeededRandom random;
  EXPECT_NE(identity_of(*one, random).value(), identity_of(*other, random).value());
}

}  // namespace
}  // namespace lakelift::metadata
