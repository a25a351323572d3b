// The next entries of the ledger, as a relay sends them.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/events/event.h"
#include "backends/events/relay_store.h"
#include "backends/ledger/ledger.h"

namespace lakelift::events {

struct Batch {
  std::vector<std::int64_t> seqs;    // of all entries, ascending: those that are no event too
  std::vector<Event> events;         // of some of them
  std::vector<SetAside> unreadable;  // broken ones; their `at` is not set
};

// At most `limit` entries with seq > after. What is broken does not fail it: that is in `unreadable`.
[[nodiscard]] Result<Batch> read_batch(metadata::Session& session, const ledger::Ledger& ledger, std::int64_t after,
                                       int limit);

// How many of the batch's entries are settled when its first `acknowledged` events are.
[[nodiscard]] std::size_t settled_entries(const Batch& batch, std::size_t acknowledged);

}  // namespace lakelift::events
