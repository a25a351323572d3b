// Counting what is really sent: each answer with bytes becomes an entry of the ledger, and the answer that completes an
// object a second one, the download (docs/events.md says the rule).
//
//   auto transfer = recorder.begin({subject, person.id, person.username, trace_id});
//   transfer->sent(offset, length);              // as the bytes go
//   transfer->end([] { … });                     // called when it is committed, with others of that moment
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/ledger/transfer_entry.h"
#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "domain/transfers/span_set.h"

namespace lakelift::transfers {

struct NewTransfer {
  ledger::TransferSubject subject;
  std::int64_t person_id = 0;
  std::string person;    // username
  std::string trace_id;  // or empty
};

// An answer that goes on. Threadsafe.
class Transfer {
 public:
  virtual ~Transfer() = default;  // end({}), where that was not called
  // Bytes [offset, offset + length) of the object went to the network; cheap, never blocks.
  virtual void sent(std::uint64_t offset, std::uint64_t length) = 0;
  // The answer is over, whole or cut off. `committed` is called, on any thread, once the ledger has it, or is away and
  // will have it later, or at once where nothing was sent; it must not block. Called once.
  virtual void end(std::function<void()> committed) = 0;
};

// An answer that goes on, as those see it who watch.
struct LiveTransfer {
  ledger::TransferSubject subject;
  std::int64_t person_id = 0;
  std::string person;
  Micros began = 0;
  std::int64_t sent_bytes = 0;
};

struct InProgress {
  std::vector<LiveTransfer> oldest;  // at most limits::kTransfersShown, the oldest first
  std::size_t total = 0;
};

struct RecorderParts {
  metadata::Database& database;
  const ledger::Ledger& ledger;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
};

// Threadsafe.
class TransferRecorder {
 public:
  explicit TransferRecorder(const RecorderParts& parts);
  ~TransferRecorder();  // stop()
  TransferRecorder(const TransferRecorder&) = delete;
  TransferRecorder& operator=(const TransferRecorder&) = delete;

  void start();
  // Commits what is queued, for limits::kTransferRetryMs × 10 at most where the database is away, and ends. Transfers
  // that end later are lost: the edge is stopped before.
  void stop();
  // Where `subject.size_bytes` is 0 an answer without bytes is whole: its end counts.
  [[nodiscard]] std::shared_ptr<Transfer> begin(NewTransfer transfer);
  // Of those that go on the ones that are wanted, which is asked of each of them; it must be quick, and not call back.
  [[nodiscard]] InProgress in_progress(const std::function<bool(const NewTransfer&)>& is_wanted) const;
  // Commits all that has ended by now, on the caller's thread; for tests without start(). How many entries were made.
  [[nodiscard]] Result<std::size_t> flush();

 private:
  struct State;
  class Running;
  std::shared_ptr<State> state_;
  std::jthread thread_;
};

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of transfers

}  // namespace lakelift::transfers
