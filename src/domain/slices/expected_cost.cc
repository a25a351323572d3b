#include "domain/slices/expected_cost.h"

#include "domain/slices/holdings.h"

namespace lakelift::slices {

Cost cost_of_plain_run(const SliceSettings& settings, const catalogue::CatalogueItem& item,
                       const table::SliceSpec& spec) {
  const Weight plain = plan_slice(item, spec, {}, 0, settings).plain;
  return {plain.scanned_bytes, plain.money_micros};
}

Result<Outlook> look_ahead(metadata::Session& session, const SliceSettings& settings,
                           const catalogue::CatalogueItem& item, const std::string& source_version,
                           const table::SliceSpec& spec, Micros now) {
  TRY(const auto held, held_things(session, item.id, source_version, now));
  const Plan plan = plan_slice(item, spec, held.for_plan({}), held.saved_today_bytes, settings);
  return Outlook{{plan.fresh.scanned_bytes, plan.fresh.money_micros},
                 plan.plain.scanned_bytes,
                 touched_chunks(held.cut.chunks, spec.filters)};
}

}  // namespace lakelift::slices
