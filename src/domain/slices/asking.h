// From what came in a body to a request that somebody waits for.
#pragma once

#include <cstdint>
#include <string>

#include "domain/slices/budgets.h"
#include "domain/slices/run_store.h"
#include "domain/slices/samples.h"
#include "domain/slices/slice_service.h"

namespace lakelift::slices {

// What is asked, checked against the item.
struct Question {
  catalogue::CatalogueItem item;
  table::SliceSpec spec;  // normalised
};

// Errors: as SliceService::ask.
[[nodiscard]] Result<Question> check_question(const SliceServiceParts& parts, const accounts::Account& caller,
                                              std::int64_t item_id, const json::value& spec);

struct Placed {
  std::int64_t request_id = 0;
  bool created = false;
  store::Answer answer = store::Answer::kHeld;
};

// Makes or joins the request for the data as they are now, in one transaction with its run and the ledger. What is
// beyond a budget waits for an approval instead of having a run. Error: RUN_CUT_OFF for what one run may not do.
[[nodiscard]] Result<Placed> place(const SliceServiceParts& parts, Budgets& budgets, const accounts::Account& caller,
                                   const Question& question);

// What place() would come to.
[[nodiscard]] Result<Forecast> forecast(const SliceServiceParts& parts, Samples& samples, const Question& question);

}  // namespace lakelift::slices
