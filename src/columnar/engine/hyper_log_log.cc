#include "columnar/engine/hyper_log_log.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace lakelift::columnar {
namespace {

// The corrections for registers that are still 0, and for those that are full (Ertl's algorithm 6).
double sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  for (double before = -1; z != before; y += y) {
    x *= x;
    before = z;
    z += x * y;
  }
  return z;
}

double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    x = std::sqrt(x);
    before = z;
    y /= 2;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

void HyperLogLog::add(std::uint64_t hash) {
  const std::uint64_t index = hash >> kRankBits;
  const int rank = std::min(std::countl_zero(hash << kIndexBits), kRankBits) + 1;
  registers_[index] = std::max(registers_[index], static_cast<std::uint8_t>(rank));
}

std::int64_t HyperLogLog::estimate() const {
  std::array<std::int64_t, kRankBits + 2> with_rank{};
  for (const auto rank : registers_) ++with_rank[rank];
  const auto all = static_cast<double>(registers_.size());
  double z = all * tau(1 - static_cast<double>(with_rank[kRankBits + 1]) / all);
  for (int rank = kRankBits; rank >= 1; --rank) z = 0.5 * (z + static_cast<double>(with_rank[rank]));
  z += all * sigma(static_cast<double>(with_rank[0]) / all);
  const double count = all * all / (2 * std::log(2.0)) / z;
  return std::llround(std::min(count, 0x1p62));
}

}  // namespace lakelift::columnar
