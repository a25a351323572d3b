#include "backends/ledger/reading.h"

#include <fmt/format.h>

namespace lakelift::ledger {
namespace {

constexpr std::int64_t kMostUnreadable = 100'000;  // numbers in a row; more is no single broken entry

bool is_broken(const Error& error) { return error.code == Code::kCorrupt || error.code == Code::kInvalid; }

// The ledger does not say the number of an entry that it can't read: it is the last one after which it fails.
Result<std::int64_t> last_unreadable(metadata::Session& session, const Ledger& ledger, std::int64_t after) {
  for (std::int64_t seq = after + 1; seq <= after + kMostUnreadable; ++seq) {
    const auto next = ledger.after(session, seq, 1);
    if (next) return seq;
    if (!is_broken(next.error())) return std::unexpected(next.error());
  }
  return fail(Code::kCorrupt, fmt::format("the ledger can't be read after entry {}", after));
}

Result<Unreadable> unreadable_after(metadata::Session& session, const Ledger& ledger, std::int64_t after,
                                    const Error& error) {
  Unreadable out;
  TRY(out.last_seq, last_unreadable(session, ledger, after));
  TRY(const auto counted,
      session.row<std::int64_t>("SELECT COUNT(*) FROM ledger WHERE seq > ? AND seq <= ?", {after, out.last_seq}));
  if (counted) out.entries = std::get<0>(*counted);
  out.reason = fmt::format("what comes after entry {} can't be read: {}", after, error.message);
  return out;
}

// One by one up to what is broken, which ends it.
Result<Reading> read_up_to_broken(metadata::Session& session, const Ledger& ledger, std::int64_t after, int limit) {
  Reading reading;
  for (int i = 0; i < limit; ++i) {
    auto next = ledger.after(session, after, 1);
    if (!next) {
      if (!is_broken(next.error())) return std::unexpected(next.error());
      TRY(reading.unreadable, unreadable_after(session, ledger, after, next.error()));
      return reading;
    }
    if (next->empty()) break;
    after = next->front().seq;
    reading.entries.push_back(std::move(next->front()));
  }
  return reading;
}

}  // namespace

std::int64_t Reading::last_seq(std::int64_t after) const {
  if (unreadable) return unreadable->last_seq;
  return entries.empty() ? after : entries.back().seq;
}

Result<Reading> read_on(metadata::Session& session, const Ledger& ledger, std::int64_t after, int limit) {
  auto entries = ledger.after(session, after, limit);
  if (!entries && is_broken(entries.error())) return read_up_to_broken(session, ledger, after, limit);
  if (!entries) return std::unexpected(std::move(entries).error());
  return Reading{.entries = *std::move(entries), .unreadable = std::nullopt};
}

}  // namespace lakelift::ledger
