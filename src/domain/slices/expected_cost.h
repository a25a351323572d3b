// What a slice is expected to scan and cost before it is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "base/clock.h"
#include "domain/catalogue/catalogue_item.h"
#include "domain/slices/planning/settings.h"
#include "table/slice_spec.h"

namespace lakelift::slices {

// A plain run's.
[[nodiscard]] Cost cost_of_plain_run(const SliceSettings& settings, const catalogue::CatalogueItem& item,
                                     const table::SliceSpec& spec);

// By the plan that would be followed now.
struct Outlook {
  Cost fresh;                         // of what is not held
  std::int64_t plain_bytes = 0;       // that a plain run would scan
  std::vector<std::int64_t> touched;  // chunks that the filters may have rows of
};
// Reads the whole cut, which may be large: not for a write transaction, which keeps others waiting.
[[nodiscard]] Result<Outlook> look_ahead(metadata::Session& session, const SliceSettings& settings,
                                         const catalogue::CatalogueItem& item, const std::string& source_version,
                                         const table::SliceSpec& spec, Micros now);

}  // namespace lakelift::slices
