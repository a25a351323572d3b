#include "domain/slices/budget.h"

#include <gtest/gtest.h>

namespace lakelift::slices {
namespace {

BudgetStanding standing() {
  return {.budget = {{HolderKind::kAccount, 7}, {.micros = 20'000'000, .bytes = 1'000'000'000}, 0},
          .holder_name = "ada@example.com",
          .month = "2026-11",
          .spent = {400'000'000, 15'000'000},
          .reserved = {100'000'000, 2'000'000}};
}

TEST(BudgetTest, WhatIsLeftMayBeSpentToTheLast) { EXPECT_FALSE(why_not(standing(), {500'000'000, 3'000'000}, "USD")); }

TEST(BudgetTest, MoneyBeyondItIsNamedWithAllNumbers) {
  const auto why = why_not(standing(), {0, 3'000'001}, "EUR");
  ASSERT_TRUE(why);
  EXPECT_EQ(*why,
            "it would cost about 3.00 EUR, and of the budget of ada@example.com for 2026-11, 20.00 EUR, 3.00 EUR are "
            "left");
}

TEST(BudgetTest, BytesBeyondIt) {
  BudgetStanding group = standing();
  group.budget.holder = {HolderKind::kGroup, 3};
  group.holder_name = "physics";
  const auto why = why_not(group, {500'000'001, 0}, "USD");
  ASSERT_TRUE(why);
  EXPECT_EQ(*why,
            "it would scan about 500.0 MB, and of the budget of the group physics for 2026-11, 1.0 GB, 500.0 MB are "
            "left");
}

TEST(BudgetTest, WhatCostsNothingFitsAlsoWhereNothingIsLeft) {
  BudgetStanding spent = standing();
  spent.spent = {9'000'000'000, 90'000'000};
  EXPECT_FALSE(why_not(spent, {0, 0}, "USD"));
  EXPECT_TRUE(why_not(spent, {1, 0}, "USD"));
  EXPECT_TRUE(why_not(spent, {0, 1}, "USD"));
}

TEST(BudgetTest, OneLimitAlone) {
  BudgetStanding only = standing();
  only.budget.limits.bytes.reset();
  EXPECT_FALSE(why_not(only, {INT64_MAX, 1}, "USD"));
  only.budget.limits = {.micros = std::nullopt, .bytes = 1'000'000'000};
  EXPECT_FALSE(why_not(only, {1, INT64_MAX}, "USD"));
}

TEST(BudgetTest, KindsOfHoldersByName) {
  for (const auto kind : {HolderKind::kAccount, HolderKind::kGroup}) EXPECT_EQ(holder_kind_of(name_of(kind)), kind);
  EXPECT_FALSE(holder_kind_of("item"));
}

}  // namespace
}  // namespace lakelift::slices
