// Where results came from, for receipts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "base/clock.h"

namespace lakelift::slices::store {

struct Origin {
  std::string answered_from;                 // JSON (receipt.h)
  std::optional<std::int64_t> derived_from;  // the request whose result it was taken from: its source was read then
  Micros now = 0;
};
// Of the result that has this object; fine where there is none.
[[nodiscard]] Result<void> note_origin(metadata::Transaction& tx, const std::string& object_key, const Origin& origin);

struct MadeFormat {
  std::string format;
  std::int64_t size_bytes = 0;
  std::string sha256;
};
struct KnownOrigin {
  std::optional<std::string> answered_from;
  Micros read_at = 0;               // when the result was made, where nothing better is known
  std::vector<MadeFormat> formats;  // made so far besides Parquet, by name
};
[[nodiscard]] Result<std::optional<KnownOrigin>> find_origin(metadata::Session& session, std::int64_t result_id);

}  // namespace lakelift::slices::store
