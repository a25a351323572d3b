#include "domain/slices/planning/price.h"

#include <algorithm>
#include <cmath>

namespace lakelift::slices {
namespace {

constexpr double kTerabyte = 1e12;
constexpr double kMillisPerHour = 3'600'000;

}  // namespace

std::int64_t PriceList::of(executors::ExecutorType engine, std::int64_t scanned_bytes, std::int64_t engine_ms) const {
  const auto found = engines.find(engine);
  if (found == engines.end()) return 0;
  const EnginePrice& price = found->second;
  const auto billed = static_cast<double>(std::max(scanned_bytes, price.minimum_scanned_bytes));
  const double by_bytes = billed / kTerabyte * static_cast<double>(price.per_tb_micros);
  const double by_time = static_cast<double>(engine_ms) / kMillisPerHour * static_cast<double>(price.per_hour_micros);
  return static_cast<std::int64_t>(std::ceil(by_bytes + by_time));
}

}  // namespace lakelift::slices
