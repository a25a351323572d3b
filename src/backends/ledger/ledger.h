// The ledger: one append-only table of what happened, written in the transaction of the thing itself. Events, audit,
// savings and counters are views of it; nothing else records what happened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"

namespace lakelift::ledger {

struct Entry {
  std::string kind;                       // "account.created", "request.created", "run.finished", "transfer", …
  std::optional<std::int64_t> actor;      // account that did it; nothing: the server itself
  std::optional<std::int64_t> on_behalf;  // account for whom an admin did it
  std::string subject_kind;               // "account", "catalogue_item", "download_request", "run", …
  std::string subject_id;
  std::optional<std::string> object;  // storage key
  std::optional<std::int64_t> rows;
  std::optional<std::int64_t> bytes;
  std::optional<std::int64_t> scanned_bytes;
  std::optional<std::int64_t> money_micros;  // millionths of `currency`
  std::optional<std::string> currency;
  std::optional<std::string> run;
  json::object detail;
  std::optional<Micros> at = std::nullopt;  // when it happened, where that was before it is appended; nothing: now
};

struct Recorded {
  std::int64_t seq = 0;
  std::string id;  // UUIDv7
  Micros at = 0;
  Entry entry;
};

// Which entries; what is nothing does not narrow. Newest first.
struct Query {
  std::optional<std::string> kind;  // exactly, or with a trailing dot all that begin so: "account."
  std::optional<std::int64_t> actor;
  std::optional<std::string> subject_kind;
  std::optional<std::string> subject_id;
  std::optional<Micros> from;          // at >= from
  std::optional<Micros> to;            // at < to
  std::optional<std::int64_t> before;  // seq < before: the next page
  int limit = 100;
};

// Threadsafe.
class Ledger {
 public:
  Ledger(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

  // Becomes true with the transaction, or not at all. Returns the entry's id.
  [[nodiscard]] Result<std::string> append(metadata::Transaction& transaction, const Entry& entry) const;
  // Entries with seq > after, oldest first, at most `limit`.
  [[nodiscard]] Result<std::vector<Recorded>> after(metadata::Session& session, std::int64_t after, int limit) const;
  // For audits and histories.
  [[nodiscard]] Result<std::vector<Recorded>> find(metadata::Session& session, const Query& query) const;

 private:
  const Clock& clock_;
  Random& random_;
};

[[nodiscard]] std::vector<metadata::Migration> migrations();

}  // namespace lakelift::ledger
