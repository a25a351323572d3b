// Answers that have ended, put into the ledger together: which sessions they belong to, and which downloads that makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/random.h"
#include "domain/transfers/span_set.h"
#include "domain/transfers/transfer_recorder.h"

namespace lakelift::transfers {

struct EndedTransfer {
  NewTransfer what;
  Micros began = 0;  // its first byte
  Micros ended = 0;  // its last
  SpanSet spans;
  std::int64_t sent_bytes = 0;
  std::function<void()> committed;
};

// What a batch has come to.
struct BatchTotals {
  std::size_t entries = 0;  // of the ledger
  std::int64_t sent_bytes = 0;
  std::int64_t downloads = 0;
  std::int64_t download_bytes = 0;  // of their objects
};

// Entries and sessions of all of `batch`, in its order. Errors: kConflict where another server has begun one of the
// sessions meanwhile: try again; the ledger's and the database's.
[[nodiscard]] Result<BatchTotals> record(metadata::Transaction& transaction, const ledger::Ledger& ledger,
                                         const Clock& clock, Random& random, std::span<const EndedTransfer> batch);

}  // namespace lakelift::transfers
