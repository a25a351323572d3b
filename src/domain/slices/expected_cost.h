// What a slice is expected to scan and cost before it is asked for.
#pragma once

#include <string>

#include "backends/metadata/database.h"
#include "base/clock.h"
#include "domain/catalogue/catalogue_item.h"
#include "domain/slices/planning/settings.h"
#include "table/slice_spec.h"

namespace lakelift::slices {

// A plain run's.
[[nodiscard]] Cost cost_of_plain_run(const SliceSettings& settings, const catalogue::CatalogueItem& item,
                                     const table::SliceSpec& spec);

// By the plan that would be followed now: of what is not held.
[[nodiscard]] Result<Cost> expected_cost(metadata::Session& session, const SliceSettings& settings,
                                         const catalogue::CatalogueItem& item, const std::string& source_version,
                                         const table::SliceSpec& spec, Micros now);

}  // namespace lakelift::slices
