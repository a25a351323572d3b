#include "domain/slices/planning/run_limits.h"

#include <gtest/gtest.h>

namespace lakelift::slices {
namespace {

using executors::ExecutorType;

PriceList prices() {
  PriceList list;
  list.engines[ExecutorType::kAthena] = {.per_tb_micros = 5'000'000, .minimum_scanned_bytes = 10'000'000};
  list.engines[ExecutorType::kSpark] = {.per_hour_micros = 3'600'000};
  return list;
}

const EngineLimits kLimits{.deadline_seconds = 60, .most_scanned_bytes = 1'000'000'000, .most_micros = 30'000};

TEST(RunLimitsTest, WithinAllOfThemItGoesOn) {
  EXPECT_FALSE(beyond(kLimits, prices(), {ExecutorType::kAthena, 1'000'000'000, 59'999}));
  EXPECT_FALSE(beyond({.deadline_seconds = 0}, prices(), {ExecutorType::kAthena, INT64_MAX, INT64_MAX}));
}

TEST(RunLimitsTest, TheDeadlineSaysHowLongARunMayTake) {
  const auto error = beyond(kLimits, prices(), {ExecutorType::kAthena, 0, 60'000});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->event, "RUN_DEADLINE");
  EXPECT_EQ(error->code, Code::kDeadline);
  EXPECT_NE(error->message.find("60 seconds"), std::string::npos) << error->message;
  EXPECT_NE(error->message.find("ATHENA"), std::string::npos) << error->message;
}

TEST(RunLimitsTest, BytesAreCutOffWithTheNumbers) {
  const auto error = beyond(kLimits, prices(), {ExecutorType::kAthena, 1'500'000'000, 0});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->event, "RUN_CUT_OFF");
  EXPECT_NE(error->message.find("1.5 GB"), std::string::npos) << error->message;
  EXPECT_NE(error->message.find("1.0 GB"), std::string::npos) << error->message;
}

TEST(RunLimitsTest, MoneyIsCutOffByBytesAndByTime) {
  const EngineLimits money{.deadline_seconds = 0, .most_micros = 30'000};
  EXPECT_FALSE(beyond(money, prices(), {ExecutorType::kAthena, 6'000'000'000, 0}));
  const auto bytes = beyond(money, prices(), {ExecutorType::kAthena, 8'000'000'000, 0});
  ASSERT_TRUE(bytes);
  EXPECT_NE(bytes->message.find("0.04 USD"), std::string::npos) << bytes->message;
  EXPECT_NE(bytes->message.find("0.03 USD"), std::string::npos) << bytes->message;
  EXPECT_TRUE(beyond(money, prices(), {ExecutorType::kSpark, 0, 31'000}));
  EXPECT_FALSE(beyond(money, prices(), {ExecutorType::kSpark, 0, 30'000}));
}

TEST(RunLimitsTest, WhatIsExpectedToBeTooMuchIsNotBegun) {
  EXPECT_TRUE(check_expected(kLimits, prices(), {1'000'000'000, 30'000}));
  const auto bytes = check_expected(kLimits, prices(), {2'100'000'000, 0});
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().event, "RUN_CUT_OFF");
  EXPECT_NE(bytes.error().message.find("2.1 GB"), std::string::npos);
  EXPECT_NE(bytes.error().message.find("1.0 GB"), std::string::npos);
  EXPECT_FALSE(check_expected(kLimits, prices(), {0, 30'001}));
  EXPECT_TRUE(check_expected({}, prices(), {INT64_MAX, INT64_MAX}));
}

}  // namespace
}  // namespace lakelift::slices
