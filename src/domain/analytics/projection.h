// What one entry of the ledger adds to which sums. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "domain/analytics/figures.h"

namespace lakelift::analytics {

struct Addition {
  std::int64_t day = 0;                 // since 1970-01-01, UTC
  std::string month;                    // "2026-11", UTC
  std::optional<std::int64_t> item_id;  // nothing: the entry does not say
  std::optional<std::int64_t> account_id;
  std::vector<std::int64_t> group_ids;
  Figures figures;
};

// Nothing for entries that are not about slices' requests and runs.
[[nodiscard]] std::optional<Addition> addition_of(const ledger::Recorded& recorded);

[[nodiscard]] std::int64_t day_of(Micros at);
[[nodiscard]] std::string month_of(Micros at);

}  // namespace lakelift::analytics
