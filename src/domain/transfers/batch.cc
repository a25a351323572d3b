#include "domain/transfers/batch.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/id.h"
#include "domain/transfers/session_store.h"
#include "domain/transfers/transfer_limits.h"

namespace lakelift::transfers {
namespace {

// A session as this batch changes it; it is written once, at the end.
struct Changed {
  store::Session session;
  std::optional<std::int64_t> stored_slot;  // nothing: it is not in the database yet
};

// The sessions of one taking within a batch.
struct Known {
  std::set<std::int64_t> looked_up;  // slots
  std::vector<Changed> sessions;
};

void add_spans(SpanSet& spans, const SpanSet& more) {
  if (spans.spans() + more.spans() <= limits::kSessionSpans) {
    spans.add(more);
    return;
  }
  SpanSet all = spans;
  all.add(more);
  if (all.spans() <= limits::kSessionSpans) spans = std::move(all);  // else it is not followed further
}

class Recording {
 public:
  Recording(metadata::Transaction& transaction, const ledger::Ledger& ledger, const Clock& clock, Random& random)
      : transaction_(transaction), ledger_(ledger), clock_(clock), random_(random) {}

  Result<void> add(const EndedTransfer& ended);
  Result<BatchTotals> finish();

 private:
  Result<Changed*> session_of(const EndedTransfer& ended);
  static Changed* choose(Known& known, Micros began);
  Result<void> append(ledger::TransferKind kind, const EndedTransfer& ended, const store::Session& session);

  metadata::Transaction& transaction_;
  const ledger::Ledger& ledger_;
  const Clock& clock_;
  Random& random_;
  std::map<store::Taking, Known> takings_;
  BatchTotals totals_;
};

// The rule of session_store.h among what this batch knows.
Changed* Recording::choose(Known& known, Micros began) {
  Changed* open = nullptr;
  for (auto& one : known.sessions) {
    if (one.session.slot == store::slot_of(began)) return &one;
    if (!store::goes_on(one.session, began)) continue;
    if (open == nullptr || open->session.last_at < one.session.last_at) open = &one;
  }
  return open;
}

Result<Changed*> Recording::session_of(const EndedTransfer& ended) {
  const ledger::TransferSubject& subject = ended.what.subject;
  const store::Taking of{ended.what.person_id, subject.kind, subject.id, subject.object};
  const std::int64_t slot = store::slot_of(ended.began);
  Known& known = takings_[of];
  if (known.looked_up.insert(slot).second) {
    TRY(auto found, store::find_session(transaction_, of, ended.began));
    const bool is_known =
        found && std::ranges::any_of(known.sessions, [&](const auto& one) { return one.session.id == found->id; });
    if (found && !is_known) {
      const std::int64_t stored = found->slot;
      known.sessions.push_back({*std::move(found), stored});
    }
  }
  if (Changed* const chosen = choose(known, ended.began)) return chosen;
  store::Session fresh{.id = uuid_v7(clock_, random_), .of = of, .slot = slot};
  known.sessions.push_back({std::move(fresh), std::nullopt});
  return &known.sessions.back();
}

Result<void> Recording::append(ledger::TransferKind kind, const EndedTransfer& ended, const store::Session& session) {
  ledger::TransferEntry entry;
  entry.kind = kind;
  entry.subject = ended.what.subject;
  entry.person_id = ended.what.person_id;
  entry.person = ended.what.person;
  entry.sent_bytes = kind == ledger::TransferKind::kDownload ? session.sent_bytes : ended.sent_bytes;
  entry.session = session.id;
  entry.trace_id = ended.what.trace_id;
  // The answer that makes it whole may have ended before others that were counted first: the download's last byte is
  // the session's.
  const Micros at = kind == ledger::TransferKind::kDownload ? session.last_at : ended.ended;
  TRY_VOID(ledger_.append(transaction_, ledger::to_entry(entry, at)));
  ++totals_.entries;
  return {};
}

Result<void> Recording::add(const EndedTransfer& ended) {
  TRY(Changed* const changed, session_of(ended));
  store::Session& session = changed->session;
  // An answer of before that ends only now: the session's first byte is that one's.
  session.slot = std::min(session.slot, store::slot_of(ended.began));
  session.last_at = std::max(session.last_at, ended.ended);
  session.sent_bytes += ended.sent_bytes;
  if (!session.is_complete) add_spans(session.spans, ended.spans);
  TRY_VOID(append(ledger::TransferKind::kAnswer, ended, session));
  totals_.sent_bytes += ended.sent_bytes;
  const std::int64_t size_bytes = ended.what.subject.size_bytes;
  if (session.is_complete || !session.spans.covers(static_cast<std::uint64_t>(size_bytes))) return {};
  session.is_complete = true;
  ++totals_.downloads;
  totals_.download_bytes += size_bytes;
  return append(ledger::TransferKind::kDownload, ended, session);
}

Result<BatchTotals> Recording::finish() {
  for (const auto& [of, known] : takings_) {
    for (const auto& [session, stored_slot] : known.sessions) {
      if (stored_slot && *stored_slot != session.slot) TRY_VOID(store::leave_slot(transaction_, session, *stored_slot));
      TRY_VOID(store::keep_session(transaction_, session));
    }
  }
  return totals_;
}

}  // namespace

Result<BatchTotals> record(metadata::Transaction& transaction, const ledger::Ledger& ledger, const Clock& clock,
                           Random& random, std::span<const EndedTransfer> batch) {
  Recording recording(transaction, ledger, clock, random);
  for (const auto& ended : batch) TRY_VOID(recording.add(ended));
  return recording.finish();
}

}  // namespace lakelift::transfers
