// When two requests are the same, and how a slice is written down in the database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "table/slice_spec.h"

namespace lakelift::slices {

// SHA-256 (hex) of item, version of its data and normal form: equal keys are one request, run once.
[[nodiscard]] std::string normal_key(std::int64_t item_id, std::string_view source_version,
                                     const table::SliceSpec& normalised);

// Like the contract's JSON, but each filter says its type: it is read back without the item, which may have changed.
[[nodiscard]] std::string to_stored_text(const table::SliceSpec& spec);
// Error: kCorrupt.
[[nodiscard]] Result<table::SliceSpec> spec_from_stored_text(std::string_view text);

}  // namespace lakelift::slices
