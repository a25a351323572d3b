#include "domain/slices/planning/price.h"

#include <gtest/gtest.h>

namespace lakelift::slices {
namespace {

using executors::ExecutorType;

constexpr std::int64_t kMega = 1'000'000;
constexpr std::int64_t kTera = 1'000'000'000'000;
constexpr std::int64_t kHourMs = 3'600'000;

PriceList prices() {
  PriceList list;
  list.engines[ExecutorType::kAthena] = {.per_tb_micros = 5 * kMega, .minimum_scanned_bytes = 10 * kMega};
  list.engines[ExecutorType::kSpark] = {.per_hour_micros = 2'400'000};
  list.engines[ExecutorType::kDatabricks] = {.per_tb_micros = kMega, .per_hour_micros = kMega};
  return list;
}

TEST(PriceTest, ByBytesScanned) {
  EXPECT_EQ(prices().of(ExecutorType::kAthena, kTera, 0), 5 * kMega);
  EXPECT_EQ(prices().of(ExecutorType::kAthena, 3 * kTera / 2, kHourMs), 7'500'000) << "time costs nothing here";
}

TEST(PriceTest, ARunIsBilledForTheMinimum) {
  EXPECT_EQ(prices().of(ExecutorType::kAthena, 0, 0), 50);
  EXPECT_EQ(prices().of(ExecutorType::kAthena, 10 * kMega, 0), 50);
  EXPECT_EQ(prices().of(ExecutorType::kAthena, 20 * kMega, 0), 100);
}

TEST(PriceTest, WholeMicrosUpwards) {
  EXPECT_EQ(prices().of(ExecutorType::kAthena, 10 * kMega + 1, 0), 51);
  EXPECT_EQ(prices().of(ExecutorType::kSpark, 0, 1), 1);
}

TEST(PriceTest, ByTheHour) {
  EXPECT_EQ(prices().of(ExecutorType::kSpark, kTera, kHourMs / 2), 1'200'000) << "bytes cost nothing here";
}

TEST(PriceTest, BothTogether) { EXPECT_EQ(prices().of(ExecutorType::kDatabricks, 2 * kTera, 3 * kHourMs), 5 * kMega); }

TEST(PriceTest, AnEngineWithoutAPriceCostsNothing) {
  EXPECT_EQ(prices().of(ExecutorType::kLocal, 1'000 * kTera, 1'000 * kHourMs), 0);
  EXPECT_EQ(prices().of_broken_off(ExecutorType::kLocal, 1'000 * kTera, 1'000 * kHourMs), 0);
}

TEST(PriceTest, WhatBrokeOffBeforeItScannedIsNotBilledTheMinimum) {
  EXPECT_EQ(prices().of_broken_off(ExecutorType::kAthena, 0, kHourMs), 0);
  EXPECT_EQ(prices().of_broken_off(ExecutorType::kAthena, 1, 0), 50) << "what scanned anything is";
  EXPECT_EQ(prices().of_broken_off(ExecutorType::kSpark, 0, kHourMs), 2'400'000) << "time is paid either way";
}

TEST(PriceTest, NeverNegativeAndNeverBeyondWhatFits) {
  EXPECT_EQ(prices().of(ExecutorType::kSpark, -5, -5), 0);
  PriceList dear;
  dear.engines[ExecutorType::kAthena] = {.per_tb_micros = INT64_MAX};
  EXPECT_GT(dear.of(ExecutorType::kAthena, INT64_MAX, 0), 0);
}

}  // namespace
}  // namespace lakelift::slices
