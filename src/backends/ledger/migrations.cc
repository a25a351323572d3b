#include "backends/ledger/ledger.h"

namespace lakelift::ledger {

// The table is `ledger` itself: it is the whole of this folder. Indexes: by subject for histories, by actor and time
// for audits, by run for costs.
std::vector<metadata::Migration> migrations() {
  return {{"ledger", 1, R"(
CREATE TABLE ledger(
  seq ${id},
  id TEXT NOT NULL UNIQUE,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor BIGINT,
  on_behalf BIGINT,
  subject_kind TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  object TEXT,
  rows BIGINT,
  bytes BIGINT,
  scanned_bytes BIGINT,
  money_micros BIGINT,
  currency TEXT,
  run TEXT,
  detail TEXT NOT NULL)
;;
CREATE INDEX ledger_by_subject ON ledger(subject_kind, subject_id, seq)
;;
CREATE INDEX ledger_by_actor ON ledger(actor, seq)
;;
CREATE INDEX ledger_by_kind ON ledger(kind, seq)
;;
CREATE INDEX ledger_by_run ON ledger(run, seq)
)"}};
}

}  // namespace lakelift::ledger
