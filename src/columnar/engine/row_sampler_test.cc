#include "columnar/engine/row_sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kRows = 200'000;

std::vector<bool> kept(double ratio, std::string_view seed = "item", std::string_view path = "a.parquet") {
  const RowSampler sampler(seed, path, ratio);
  std::vector<bool> rows;
  for (std::int64_t row = 0; row < kRows; ++row) rows.push_back(sampler.keeps(row));
  return rows;
}

std::int64_t count(const std::vector<bool>& rows) { return std::count(rows.begin(), rows.end(), true); }

TEST(RowSampler, NoneAndAll) {
  EXPECT_EQ(count(kept(0)), 0);
  EXPECT_EQ(count(kept(1)), kRows);
  EXPECT_TRUE(RowSampler("s", "p", 0).keeps_none());
  EXPECT_TRUE(RowSampler("s", "p", 1).keeps_all());
}

TEST(RowSampler, TinyRatiosKeepNearlyNothing) { EXPECT_LE(count(kept(1e-12)), 1); }

TEST(RowSampler, KeepsItsShareWithinThreeSigma) {
  for (const double ratio : {0.01, 0.1, 0.25, 0.5, 0.9, 0.999}) {
    const double sigma = std::sqrt(kRows * ratio * (1 - ratio));
    EXPECT_NEAR(static_cast<double>(count(kept(ratio))), kRows * ratio, 3 * sigma) << ratio;
  }
}

TEST(RowSampler, SmallerRatiosLieWithinLargerOnes) {
  const auto small = kept(0.1);
  const auto large = kept(0.2);
  for (std::size_t i = 0; i < small.size(); ++i) EXPECT_LE(small[i], large[i]);
}

TEST(RowSampler, SeedAndPathChooseOtherRows) {
  EXPECT_EQ(kept(0.5), kept(0.5));
  EXPECT_NE(kept(0.5), kept(0.5, "other"));
  EXPECT_NE(kept(0.5), kept(0.5, "item", "b.parquet"));
  EXPECT_NE(kept(0.5, "ab", "c"), kept(0.5, "a", "bc"));
}

TEST(RowSampler, NeighboursAreIndependent) {
  // Of two rows that follow each other, both are kept as often as chance says.
  const auto rows = kept(0.5);
  std::int64_t both = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) both += rows[i - 1] && rows[i] ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(both), kRows * 0.25, 4 * std::sqrt(kRows * 0.25 * 0.75));
}

TEST(RowSampler, MaskAndSingleRowsAgree) {
  const RowSampler sampler("s", "p", 0.3);
  std::vector<std::uint8_t> mask(1'000, 1);
  mask[5] = 0;
  sampler.apply(77, mask);
  EXPECT_EQ(mask[5], 0);
  for (std::size_t i = 6; i < mask.size(); ++i)
    EXPECT_EQ(mask[i] == 1, sampler.keeps(77 + static_cast<std::int64_t>(i)));
}

}  // namespace
}  // namespace lakelift::columnar
