#include "backends/events/batch.h"

#include <algorithm>

#include "backends/ledger/reading.h"

namespace lakelift::events {
namespace {

void add(Batch& batch, const ledger::Recorded& recorded) {
  batch.seqs.push_back(recorded.seq);
  auto event = event_of(recorded);
  if (!event) {
    batch.unreadable.push_back({recorded.seq, recorded.id, event.error().message, 0});
  } else if (*event) {
    batch.events.push_back(**std::move(event));
  }
}

}  // namespace

Result<Batch> read_batch(metadata::Session& session, const ledger::Ledger& ledger, std::int64_t after, int limit) {
  TRY(const auto reading, ledger::read_on(session, ledger, after, limit));
  Batch batch;
  batch.seqs.reserve(reading.entries.size() + 1);
  for (const ledger::Recorded& recorded : reading.entries) add(batch, recorded);
  if (const auto& broken = reading.unreadable) {
    batch.seqs.push_back(broken->last_seq);
    batch.unreadable.push_back({broken->last_seq, "", broken->reason, 0});
  }
  return batch;
}

std::size_t settled_entries(const Batch& batch, std::size_t acknowledged) {
  if (acknowledged >= batch.events.size()) return batch.seqs.size();
  const auto first_open = std::ranges::lower_bound(batch.seqs, batch.events[acknowledged].seq);
  return static_cast<std::size_t>(first_open - batch.seqs.begin());
}

}  // namespace lakelift::events
