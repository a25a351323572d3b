// Reading the ledger on from a place, for views and relays that must get past an entry that can't be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"

namespace lakelift::ledger {

// Entries that stand side by side and can't be read at all (a detail that is no JSON object).
struct Unreadable {
  std::int64_t last_seq = 0;  // of the last of them: whoever skips them goes on after it
  std::int64_t entries = 0;
  std::string reason;
};

struct Reading {
  std::vector<Recorded> entries;
  std::optional<Unreadable> unreadable;  // right after the entries, and the end of this reading

  // As far as it goes; `after` where it has nothing.
  [[nodiscard]] std::int64_t last_seq(std::int64_t after) const;
};

// At most `limit` entries with seq > after, oldest first; fewer where something that can't be read comes before.
[[nodiscard]] Result<Reading> read_on(metadata::Session& session, const Ledger& ledger, std::int64_t after, int limit);

}  // namespace lakelift::ledger
