// The audit: the ledger, with the emails of those who acted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/json.h"
#include "base/result.h"

namespace lakelift::accounts {

struct AuditEntry {
  ledger::Recorded recorded;
  std::string actor_name;      // email, or username; empty where nobody did it or the account is gone
  std::string on_behalf_name;  // the same
};

// {"@type": "audit_entry", seq, id, at, kind, actor, actor_name, on_behalf, on_behalf_name, subject_kind, subject_id,
// rows, bytes, scanned_bytes, money_micros, currency, run, detail}; the key of a stored object is not shown.
[[nodiscard]] json::object to_json(const AuditEntry& entry);

// Threadsafe.
class Audit {
 public:
  Audit(metadata::Database& database, const ledger::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // Newest first.
  [[nodiscard]] Result<std::vector<AuditEntry>> find(const ledger::Query& query) const;

 private:
  metadata::Database& database_;
  const ledger::Ledger& ledger_;
};

}  // namespace lakelift::accounts
