// What the looks at an item's data found, beside its spec and its sample.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "table/column_statistics.h"

namespace lakelift::catalogue {

struct ItemProfile {
  std::vector<table::ColumnStatistics> columns;  // of columns of the spec, in its order; not every one need be there
  std::optional<Micros> profiled_at;             // nothing: never
  std::optional<std::int64_t> rows;              // that were looked at
  bool is_partial = false;                       // fewer than the table has
  bool is_stale = false;                         // the data are known to have changed since
  std::optional<std::string> error;              // why the last look by the server itself failed; nothing: it did not
};

// Leaves out the columns that the spec no longer has, or has in another type.
void keep_columns(ItemProfile& profile, const table::Columns& spec);

// As it is stored.
[[nodiscard]] json::object to_json(const ItemProfile& profile);
// An empty object is an item that was never profiled. Error: kInvalid.
[[nodiscard]] Result<ItemProfile> item_profile_from_json(const json::value& json);

}  // namespace lakelift::catalogue
