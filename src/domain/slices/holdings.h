// All that is held of one version of an item's data, for a plan and for carrying it out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/catalogue/catalogue_item.h"
#include "domain/slices/chunk_store.h"
#include "domain/slices/planning/plan.h"
#include "domain/slices/planning/settings.h"
#include "domain/slices/run_store.h"

namespace lakelift::slices {

struct HeldThings {
  std::vector<store::HeldSlice> slices;
  store::CutHoldings cut;
  std::int64_t saved_today_bytes = 0;

  // What could not be read is left out.
  [[nodiscard]] Holdings for_plan(const std::set<std::string>& broken_objects) const;
  [[nodiscard]] const store::HeldSlice* slice_of(std::int64_t request_id) const;
  [[nodiscard]] const store::StoredPiece* piece(std::int64_t id) const;
};

[[nodiscard]] Result<HeldThings> held_things(metadata::Session& session, std::int64_t item_id,
                                             const std::string& source_version, Micros now);

// How large the slice will be.
struct Expected {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

// The plan for a slice of the item, by what its profile says, or by what is expected of it.
[[nodiscard]] Plan plan_slice(const catalogue::CatalogueItem& item, const table::SliceSpec& spec,
                              const Holdings& holdings, std::int64_t allowance_bytes, const SliceSettings& settings,
                              const std::optional<Expected>& expected = std::nullopt);

}  // namespace lakelift::slices
