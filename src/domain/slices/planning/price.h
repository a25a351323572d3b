// What runs cost: a price for each engine, from the configuration. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "backends/executors/executor.h"

namespace lakelift::slices {

// What a run scans and costs, or is expected to.
struct Cost {
  std::int64_t bytes = 0;
  std::int64_t micros = 0;  // millionths of the price list's currency

  Cost& operator+=(const Cost& other) {
    bytes += other.bytes;
    micros += other.micros;
    return *this;
  }
  friend bool operator==(const Cost&, const Cost&) = default;
};

// All that is 0 costs nothing. Money is in millionths of the list's currency.
struct EnginePrice {
  std::int64_t per_tb_micros = 0;          // of 10^12 bytes scanned
  std::int64_t minimum_scanned_bytes = 0;  // a run is billed for at least so many
  std::int64_t per_hour_micros = 0;        // of the engine's work

  friend bool operator==(const EnginePrice&, const EnginePrice&) = default;
};

struct PriceList {
  std::string currency = "USD";
  std::map<executors::ExecutorType, EnginePrice> engines;

  // Of a run that was carried through. Rounded up to whole micros.
  [[nodiscard]] std::int64_t of(executors::ExecutorType engine, std::int64_t scanned_bytes,
                                std::int64_t engine_ms) const;
  // Of one that was stopped or failed: engines do not bill their minimum where nothing was scanned.
  [[nodiscard]] std::int64_t of_broken_off(executors::ExecutorType engine, std::int64_t scanned_bytes,
                                           std::int64_t engine_ms) const;
};

}  // namespace lakelift::slices
