#include "domain/slices/planning/price.h"

#include <algorithm>

namespace lakelift::slices {
namespace {

// In integers: what is exactly 50 micros must not be rounded up to 51.
using Wide = unsigned __int128;

constexpr std::int64_t kMost = std::int64_t{1} << 60;  // of a price and of a sum
// 10^12 bytes and 3,600,000 ms as parts of one unit.
constexpr std::int64_t kUnit = 9'000'000'000'000;
constexpr std::int64_t kBytesParts = 9;
constexpr std::int64_t kMillisParts = 2'500'000;

Wide wide(std::int64_t value) { return static_cast<Wide>(std::max<std::int64_t>(value, 0)); }

std::int64_t sum_of(const EnginePrice& price, std::int64_t billed_bytes, std::int64_t engine_ms) {
  const Wide by_bytes = wide(billed_bytes) * wide(std::min(price.per_tb_micros, kMost)) * kBytesParts;
  const Wide by_time = wide(std::min(engine_ms, kMost)) * wide(std::min(price.per_hour_micros, kMost));
  const Wide most_by_time = wide(kMost) * kUnit / kMillisParts;
  const Wide parts = by_bytes + std::min(by_time, most_by_time) * kMillisParts;
  return static_cast<std::int64_t>(std::min((parts + kUnit - 1) / kUnit, wide(kMost)));
}

}  // namespace

std::int64_t PriceList::of(executors::ExecutorType engine, std::int64_t scanned_bytes, std::int64_t engine_ms) const {
  const auto found = engines.find(engine);
  if (found == engines.end()) return 0;
  return sum_of(found->second, std::max(scanned_bytes, found->second.minimum_scanned_bytes), engine_ms);
}

std::int64_t PriceList::of_broken_off(executors::ExecutorType engine, std::int64_t scanned_bytes,
                                      std::int64_t engine_ms) const {
  if (scanned_bytes > 0) return of(engine, scanned_bytes, engine_ms);
  const auto found = engines.find(engine);
  return found == engines.end() ? 0 : sum_of(found->second, 0, engine_ms);
}

}  // namespace lakelift::slices
