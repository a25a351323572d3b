#include "domain/slices/charges.h"

#include "domain/accounts/group_store.h"
#include "domain/slices/entries.h"

namespace lakelift::slices {

Result<ledger::Entry> charged_entry(metadata::Session& session, std::string kind, std::int64_t request_id,
                                    const Charge& charge, std::string_view currency) {
  ledger::Entry entry = request_entry(std::move(kind), request_id);
  entry.actor = charge.account_id;
  entry.scanned_bytes = charge.cost.bytes;
  entry.money_micros = charge.cost.micros;
  if (charge.cost.micros > 0) entry.currency = currency;
  entry.detail["catalogue_item"] = charge.item_id;
  if (!charge.account_id) return entry;
  TRY(const auto groups, accounts::group_ids_of(session, *charge.account_id));
  if (!groups.empty()) entry.detail["groups"] = json::array(groups.begin(), groups.end());
  return entry;
}

std::int64_t money_of(const PriceList& prices, executors::ExecutorType engine, const executors::RunReport& report,
                      std::int64_t elapsed_ms) {
  if (report.money_micros > 0) return report.money_micros;
  return prices.of(engine, report.scanned_bytes, report.engine_ms > 0 ? report.engine_ms : elapsed_ms);
}

}  // namespace lakelift::slices
