// The outbox: entries of the ledger go to a publisher, in order, each at least once, by one server at a time.
//
// Its place in the ledger (the number of the last entry that is settled) is in the database, with a lease; what cannot
// be sent, now or ever, is set aside with its reason and does not hold up the rest. While the publisher is away entries
// wait: nothing is dropped, and whoever transfers does not notice.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/events/publisher.h"
#include "backends/events/relay_store.h"
#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"

namespace lakelift::events {

struct Batch;

struct RelayParts {
  metadata::Database& database;
  const ledger::Ledger& ledger;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
};

struct RelayState {
  std::string publisher;
  std::int64_t sent_seq = 0;
  std::int64_t waiting = 0;      // entries of the ledger that come after it, at most
  std::optional<Micros> oldest;  // of those: when the first was written
  std::int64_t set_aside = 0;    // entries, of the last limits::kSetAsideKeptSeconds
};

// Threadsafe. A new one, whose publisher's name was never seen, begins with the first entry of the ledger: all that
// ever happened is told. `metrics` are not rendered any more when it goes.
class Relay {
 public:
  // `publisher` outlives it.
  Relay(const RelayParts& parts, Publisher& publisher);
  ~Relay();  // stop()
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // On a thread of its own. While the publisher is away it tries again, each time later, up to
  // limits::kRelayLongestPauseMs, and says so in the log once. Where the database has one process (SQLite), what a dead
  // one was sending is sent again at once; else its lease ends first (limits::kRelayLeaseSeconds).
  void start();
  // Waits for the publish that goes on, which ends soon, and lets go of the lease.
  void stop();
  // One batch, where the lease is ours or free. How many entries of the ledger were settled; 0: nothing to do, or
  // another server does it. Error: the publisher's, or the database's.
  [[nodiscard]] Result<std::size_t> step(std::stop_token stop);
  [[nodiscard]] Result<RelayState> state();

 private:
  void work(const std::stop_token& stop);

  // Takes the lease, or makes it last for a publish; nothing: another server has it.
  [[nodiscard]] Result<std::optional<store::Place>> hold(const std::optional<store::Place>& place);
  [[nodiscard]] Result<std::size_t> settle(const store::Place& place, const Batch& batch, const Published& published);
  void count(const Batch& batch, const Published& published, std::size_t set_aside);

  const RelayParts parts_;
  Publisher& publisher_;
  const std::string name_;  // the publisher's
  const std::string owner_;
  std::mutex step_;  // one at a time
  std::jthread thread_;
};

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of events

}  // namespace lakelift::events
