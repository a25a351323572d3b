#include "backends/events/batch.h"

#include <fmt/format.h>

#include <algorithm>

namespace lakelift::events {
namespace {

constexpr std::int64_t kMostUnreadable = 100'000;  // numbers in a row; more is no single broken entry

bool is_broken(const Error& error) { return error.code == Code::kCorrupt || error.code == Code::kInvalid; }

void add(Batch& batch, const ledger::Recorded& recorded) {
  batch.seqs.push_back(recorded.seq);
  auto event = event_of(recorded);
  if (!event) {
    batch.unreadable.push_back({recorded.seq, recorded.id, event.error().message, 0});
  } else if (*event) {
    batch.events.push_back(**std::move(event));
  }
}

// The ledger does not say the number of an entry that it can't read: it is the last one after which it fails.
Result<std::int64_t> last_unreadable(metadata::Session& session, const ledger::Ledger& ledger, std::int64_t after) {
  for (std::int64_t seq = after + 1; seq <= after + kMostUnreadable; ++seq) {
    const auto next = ledger.after(session, seq, 1);
    if (next) return seq;
    if (!is_broken(next.error())) return std::unexpected(next.error());
  }
  return fail(Code::kCorrupt, fmt::format("the ledger can't be read after entry {}", after));
}

// One by one up to the broken entry, which ends the batch.
Result<Batch> read_up_to_broken(metadata::Session& session, const ledger::Ledger& ledger, std::int64_t after,
                                int limit) {
  Batch batch;
  for (int i = 0; i < limit; ++i) {
    const auto next = ledger.after(session, after, 1);
    if (!next) {
      if (!is_broken(next.error())) return std::unexpected(next.error());
      TRY(const std::int64_t last, last_unreadable(session, ledger, after));
      batch.seqs.push_back(last);
      batch.unreadable.push_back(
          {last, "", fmt::format("what comes after entry {} can't be read: {}", after, next.error().message), 0});
      return batch;
    }
    if (next->empty()) break;
    add(batch, next->front());
    after = next->front().seq;
  }
  return batch;
}

}  // namespace

Result<Batch> read_batch(metadata::Session& session, const ledger::Ledger& ledger, std::int64_t after, int limit) {
  const auto entries = ledger.after(session, after, limit);
  if (!entries && is_broken(entries.error())) return read_up_to_broken(session, ledger, after, limit);
  if (!entries) return std::unexpected(entries.error());
  Batch batch;
  batch.seqs.reserve(entries->size());
  for (const ledger::Recorded& recorded : *entries) add(batch, recorded);
  return batch;
}

std::size_t settled_entries(const Batch& batch, std::size_t acknowledged) {
  if (acknowledged >= batch.events.size()) return batch.seqs.size();
  const auto first_open = std::ranges::lower_bound(batch.seqs, batch.events[acknowledged].seq);
  return static_cast<std::size_t>(first_open - batch.seqs.begin());
}

}  // namespace lakelift::events
