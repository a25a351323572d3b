// The rows of events: each relay's place in the ledger with its lease, and what was set aside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backends/metadata/database.h"
#include "base/clock.h"

namespace lakelift::events {

// An entry of the ledger that is not sent.
struct SetAside {
  std::int64_t seq = 0;
  std::string event_id;  // empty where the entry could not be read
  std::string reason;
  Micros at = 0;  // when it was set aside
};

namespace store {

struct Place {
  std::string owner;
  Micros lease_until = 0;
  std::int64_t fence = 0;  // goes up when the lease changes hands
  std::int64_t sent_seq = 0;
};

[[nodiscard]] Result<std::optional<Place>> find_place(metadata::Session& session, const std::string& publisher);
// Ours from now on; nothing: another one's lease lasts.
[[nodiscard]] Result<std::optional<Place>> take(metadata::Transaction& tx, const std::string& publisher,
                                                const std::string& owner, Micros now, Micros until);
// False: the lease is another one's by now, and nothing was written.
[[nodiscard]] Result<bool> advance(metadata::Transaction& tx, const std::string& publisher, const Place& place,
                                   std::int64_t sent_seq, Micros until);
// Where it is `owner`'s; empty: whosever it is.
[[nodiscard]] Result<void> release(metadata::Transaction& tx, const std::string& publisher, const std::string& owner);

[[nodiscard]] Result<void> set_aside(metadata::Transaction& tx, const std::string& publisher, const SetAside& one);
[[nodiscard]] Result<std::int64_t> count_set_aside(metadata::Session& session, const std::string& publisher);
[[nodiscard]] Result<void> forget_set_aside(metadata::Transaction& tx, const std::string& publisher, Micros before);

}  // namespace store
}  // namespace lakelift::events
