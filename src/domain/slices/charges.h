// What the ledger is told of what slices scan, cost and save: views of it (domain/analytics) say who spent what, on
// what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backends/executors/executor.h"
#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "domain/slices/planning/price.h"

namespace lakelift::slices {

struct Charge {
  std::optional<std::int64_t> account_id;  // who asked for it; nothing: not known any more
  std::int64_t item_id = 0;
  Cost cost;
};

// An entry about a download request with who, on what, how much, and the groups that the person is in now.
[[nodiscard]] Result<ledger::Entry> charged_entry(metadata::Session& session, std::string kind, std::int64_t request_id,
                                                  const Charge& charge, std::string_view currency);

// "slice.saved": the person was answered from what is held, or waits for a run that another one pays; the charge's cost
// is what a plain run of the slice would have scanned and cost.
[[nodiscard]] inline Result<ledger::Entry> saved_entry(metadata::Session& session, std::int64_t request_id,
                                                       const Charge& charge, std::string_view currency) {
  return charged_entry(session, "slice.saved", request_id, charge, currency);
}

// Of a run that was carried through: what the engine itself says, else by the price list. `elapsed_ms` counts where the
// engine does not say how long it worked.
[[nodiscard]] std::int64_t money_of(const PriceList& prices, executors::ExecutorType engine,
                                    const executors::RunReport& report, std::int64_t elapsed_ms);

}  // namespace lakelift::slices
