#include "columnar/engine/moments.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace lakelift::columnar {
namespace {

template <typename Sum, typename Number>
Moments<Sum> moments_of(const std::vector<Number>& values) {
  Moments<Sum> out;
  for (const Number value : values) out.add(value);
  out.start();
  for (const Number value : values) out.add_again(value);
  return out;
}

// By the textbook, in long double.
template <typename Number>
std::pair<long double, long double> reference(const std::vector<Number>& values) {
  long double sum = 0;
  for (const Number value : values) sum += static_cast<long double>(value);
  const long double mean = sum / static_cast<long double>(values.size());
  long double squares = 0;
  for (const Number value : values) {
    const long double difference = static_cast<long double>(value) - mean;
    squares += difference * difference;
  }
  return {mean, std::sqrt(squares / static_cast<long double>(values.size() - 1))};
}

void near(double got, long double wanted, long double scale) {
  RC_ASSERT(std::fabs(static_cast<long double>(got) - wanted) <= 1e-12L * scale);
}

RC_GTEST_PROP(MomentsProperty, WholeNumbersAgreeWithLongDoubles, (std::vector<std::int64_t> values)) {
  RC_PRE(values.size() >= 2);
  const auto ours = moments_of<WholeSum>(std::vector<Wide>(values.begin(), values.end()));
  const auto [mean, deviation] = reference(values);
  near(*ours.mean(), mean, std::fabs(mean) + deviation);
  near(*ours.standard_deviation(), deviation, deviation);
}

RC_GTEST_PROP(MomentsProperty, FractionsAgreeWithLongDoubles, (std::vector<double> values)) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  RC_PRE(values.size() >= 2);
  const auto ours = moments_of<FloatSum>(values);
  const auto [mean, deviation] = reference(values);
  near(*ours.mean(), mean, std::fabs(mean) + deviation);
  near(*ours.standard_deviation(), deviation, deviation);
}

TEST(Moments, FarFromZeroNothingIsLost) {
  std::vector<double> values;
  for (int i = 0; i < 100'000; ++i) values.push_back(1e15 + i % 3);
  const auto far = moments_of<FloatSum>(values);
  EXPECT_DOUBLE_EQ(*far.mean(), 1e15 + 0.99999);
  EXPECT_NEAR(*far.standard_deviation(), 0.8165027, 1e-6);
}

TEST(Moments, WhatCancelsOutIsKept) {
  std::vector<double> values;
  for (int i = 0; i < 1'000; ++i) values.insert(values.end(), {1e300, 1.0, -1e300});
  EXPECT_EQ(*moments_of<FloatSum>(values).mean(), 1.0 / 3);
}

TEST(Moments, TheWidestWholeNumbers) {
  const Wide low = std::numeric_limits<std::int64_t>::min();
  const Wide high = std::numeric_limits<std::uint64_t>::max();
  const auto wide = moments_of<WholeSum>(std::vector<Wide>(50'000, high));
  EXPECT_EQ(*wide.mean(), 0x1p64);
  EXPECT_EQ(*wide.standard_deviation(), 0);
  const auto both = moments_of<WholeSum>(std::vector<Wide>{low, -low - 1});
  EXPECT_EQ(*both.mean(), -0.5);
  EXPECT_DOUBLE_EQ(*both.standard_deviation(), 0x1p64 / std::sqrt(2.0));
}

TEST(Moments, WeightsCountAsRepetitions) {
  Moments<WholeSum> weighed;
  for (const Wide value : {3, 3, 3, 8}) weighed.add(value);
  weighed.start();
  weighed.add_again(Wide{3}, 3);
  weighed.add_again(Wide{8});
  EXPECT_DOUBLE_EQ(*weighed.standard_deviation(), 2.5);
}

TEST(Moments, NothingWhereThereIsNothingOrNoDouble) {
  EXPECT_FALSE(moments_of<WholeSum>(std::vector<Wide>{}).mean());
  EXPECT_FALSE(moments_of<FloatSum>(std::vector<double>{2.5}).standard_deviation());
  const double most = std::numeric_limits<double>::max();
  const auto huge = moments_of<FloatSum>(std::vector<double>{most, -most});
  EXPECT_EQ(huge.mean(), 0.0);
  EXPECT_FALSE(huge.standard_deviation()) << "beyond all doubles";
}

}  // namespace
}  // namespace lakelift::columnar
