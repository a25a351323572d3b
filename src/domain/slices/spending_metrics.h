// What slices scan, cost and save, for /metrics: of this server since its start.
#pragma once

#include "backends/executors/executor.h"
#include "base/metrics.h"
#include "domain/slices/planning/price.h"

namespace lakelift::slices {

inline void count_paid(Metrics& metrics, executors::ExecutorType engine, const Cost& cost) {
  metrics.add("lakelift_scanned_bytes_total", "Bytes that runs have scanned, as their engines bill them.",
              {{"engine", std::string(executors::name_of(engine))}}, static_cast<double>(cost.bytes));
  metrics.add("lakelift_money_paid_micros_total", "What runs have cost, in millionths of the currency of the prices.",
              {}, static_cast<double>(cost.micros));
}

inline void count_saved(Metrics& metrics, const Cost& cost) {
  metrics.add("lakelift_bytes_saved_total", "Bytes that were not scanned because what was asked for was held.", {},
              static_cast<double>(cost.bytes));
  metrics.add("lakelift_money_saved_micros_total", "What was not paid because what was asked for was held.", {},
              static_cast<double>(cost.micros));
}

}  // namespace lakelift::slices
