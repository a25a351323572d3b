#include "backends/executors/executor.h"

#include <gtest/gtest.h>

namespace lakelift::executors {
namespace {

TEST(ExecutorType, NamesGoBothWays) {
  for (const auto type :
       {ExecutorType::kLocal, ExecutorType::kAthena, ExecutorType::kDatabricks, ExecutorType::kSpark}) {
    EXPECT_FALSE(name_of(type).empty());
    EXPECT_EQ(executor_type_of(name_of(type)), type);
  }
  EXPECT_EQ(executor_type_of("local"), std::nullopt);
  EXPECT_EQ(executor_type_of(""), std::nullopt);
}

TEST(Executors, NamesTheEngineThatIsNotConfigured) {
  const Executors none;
  const auto got = none.get(ExecutorType::kAthena);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kConflict);
  EXPECT_EQ(got.error().event, "EXECUTOR_NOT_CONFIGURED");
  EXPECT_NE(got.error().message.find("ATHENA"), std::string::npos);
}

}  // namespace
}  // namespace lakelift::executors
