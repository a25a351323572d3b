// Prices and limits of engines in the configuration. Each is a list of ENGINE=VALUE with semicolons between, as a flag
// that may be repeated, an environment variable, or a table of the TOML file:
//
//   --price athena=5.00/TB,min=10MB --price spark=2.40/hour LAKELIFT_PRICE="athena=5.00/TB,min=10MB;spark=2.40/hour"
//
//   currency = "EUR"
//   [price]
//   athena = "5.00/TB,min=10MB"
//   spark = "2.40/hour"
//   [run-most-bytes]
//   athena = "1TB"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/slices/planning/settings.h"

namespace lakelift::app {

// Each replaces what was there. Engines: local, athena, databricks, spark. Errors: kInvalid, said for who wrote it.
[[nodiscard]] Result<void> set_prices(slices::SliceSettings& settings, std::string_view text);
[[nodiscard]] Result<void> set_currency(slices::SliceSettings& settings, std::string_view text);  // "USD"
[[nodiscard]] Result<void> set_engine_runs(slices::SliceSettings& settings, std::string_view text);
[[nodiscard]] Result<void> set_run_deadlines(slices::SliceSettings& settings,
                                             std::string_view text);  // seconds; 0: none
[[nodiscard]] Result<void> set_run_most_bytes(slices::SliceSettings& settings, std::string_view text);
[[nodiscard]] Result<void> set_run_most_money(slices::SliceSettings& settings, std::string_view text);

}  // namespace lakelift::app
