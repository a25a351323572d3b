#include "app/price_config.h"

#include <gtest/gtest.h>

namespace lakelift::app {
namespace {

using executors::ExecutorType;
using slices::EnginePrice;
using slices::SliceSettings;

std::string why(const Result<void>& refused) {
  EXPECT_FALSE(refused);
  return refused ? "" : refused.error().message;
}

TEST(PriceConfigTest, AllEnginesInOneText) {
  SliceSettings settings;
  ASSERT_TRUE(set_prices(settings, "athena=5.00/TB,min=10MB; spark=2.40/hour;local=0;DATABRICKS=1/TB,0.5/hour"));
  const auto& engines = settings.prices.engines;
  EXPECT_EQ(engines.at(ExecutorType::kAthena),
            (EnginePrice{.per_tb_micros = 5'000'000, .minimum_scanned_bytes = 10'000'000}));
  EXPECT_EQ(engines.at(ExecutorType::kSpark), (EnginePrice{.per_hour_micros = 2'400'000}));
  EXPECT_EQ(engines.at(ExecutorType::kLocal), EnginePrice{});
  EXPECT_EQ(engines.at(ExecutorType::kDatabricks),
            (EnginePrice{.per_tb_micros = 1'000'000, .per_hour_micros = 500'000}));
}

TEST(PriceConfigTest, WhatIsWrongIsSaidWithTheWayToWriteIt) {
  SliceSettings settings;
  EXPECT_NE(why(set_prices(settings, "presto=5/TB")).find("there is no engine 'presto'"), std::string::npos);
  EXPECT_NE(why(set_prices(settings, "5/TB")).find("ENGINE=VALUE"), std::string::npos);
  EXPECT_NE(why(set_prices(settings, "athena=5")).find("AMOUNT/TB"), std::string::npos);
  EXPECT_NE(why(set_prices(settings, "athena=")).find("AMOUNT/TB"), std::string::npos);
  EXPECT_NE(why(set_prices(settings, "athena=5/GB")).find("AMOUNT/TB"), std::string::npos);
  EXPECT_NE(why(set_prices(settings, "athena=x/TB")).find("amount of money"), std::string::npos);
  EXPECT_NE(why(set_prices(settings, "athena=min=10MB")).find("price per TB"), std::string::npos);
  EXPECT_NE(why(set_prices(settings, "athena=5/TB,min=lots")).find("no size"), std::string::npos);
  EXPECT_NE(why(set_prices(settings, "athena=5/TB;athena=6/TB")).find("twice"), std::string::npos);
  EXPECT_TRUE(settings.prices.engines.empty()) << "nothing of a wrong text is kept";
}

TEST(PriceConfigTest, Currencies) {
  SliceSettings settings;
  ASSERT_TRUE(set_currency(settings, "EUR"));
  EXPECT_EQ(settings.prices.currency, "EUR");
  for (const char* wrong : {"", "eur", "EURO", "E1R"}) EXPECT_FALSE(set_currency(settings, wrong)) << wrong;
}

TEST(PriceConfigTest, LimitsPerEngine) {
  SliceSettings settings;
  ASSERT_TRUE(set_engine_runs(settings, "local=8;athena=2"));
  ASSERT_TRUE(set_run_deadlines(settings, "athena=7200;spark=0"));
  ASSERT_TRUE(set_run_most_bytes(settings, "athena=1TB"));
  ASSERT_TRUE(set_run_most_money(settings, "athena=2.50"));
  const auto athena = settings.limits_of(ExecutorType::kAthena);
  EXPECT_EQ(athena.runs_at_once, 2U);
  EXPECT_EQ(athena.deadline_seconds, 7'200);
  EXPECT_EQ(athena.most_scanned_bytes, 1'000'000'000'000);
  EXPECT_EQ(athena.most_micros, 2'500'000);
  EXPECT_EQ(settings.limits_of(ExecutorType::kLocal).runs_at_once, 8U);
  EXPECT_EQ(settings.limits_of(ExecutorType::kLocal).deadline_seconds, slices::kRunDeadlineSeconds);
  EXPECT_EQ(settings.limits_of(ExecutorType::kSpark).deadline_seconds, 0);
  EXPECT_FALSE(set_engine_runs(settings, "athena=0"));
  EXPECT_FALSE(set_engine_runs(settings, "athena=65"));
  EXPECT_FALSE(set_run_deadlines(settings, "athena=2h"));
  EXPECT_FALSE(set_run_most_bytes(settings, "athena=-1"));
  EXPECT_FALSE(set_run_most_money(settings, "athena=ten"));
}

}  // namespace
}  // namespace lakelift::app
