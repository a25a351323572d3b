#include "domain/slices/expected_cost.h"

#include "domain/slices/holdings.h"

namespace lakelift::slices {

Cost cost_of_plain_run(const SliceSettings& settings, const catalogue::CatalogueItem& item,
                       const table::SliceSpec& spec) {
  const Weight plain = plan_slice(item, spec, {}, 0, settings).plain;
  return {plain.scanned_bytes, plain.money_micros};
}

Result<Cost> expected_cost(metadata::Session& session, const SliceSettings& settings,
                           const catalogue::CatalogueItem& item, const std::string& source_version,
                           const table::SliceSpec& spec, Micros now) {
  TRY(const auto held, held_things(session, item.id, source_version, now));
  const Weight fresh = plan_slice(item, spec, held.for_plan({}), held.saved_today_bytes, settings).fresh;
  return Cost{fresh.scanned_bytes, fresh.money_micros};
}

}  // namespace lakelift::slices
