#include "backends/events/relay.h"

namespace lakelift::events {

// sent_seq: all entries of the ledger up to this number are settled. fence: counts the changes of the lease's owner.
std::vector<metadata::Migration> migrations() {
  return {{"events", 1, R"(
CREATE TABLE events_relays(
  publisher TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  sent_seq BIGINT NOT NULL)
;;
CREATE TABLE events_set_aside(
  publisher TEXT NOT NULL,
  seq BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY(publisher, seq))
)"}};
}

}  // namespace lakelift::events
