#include "domain/transfers/transfer_recorder.h"

namespace lakelift::transfers {

// Sessions: one of a person, a file (or request), its object and a slot, so that of two servers one begins it and the
// other joins. Commits: of each recorder the number of its last one, so that it can tell after the line broke whether
// that was made. 2: before, sessions did not tell files apart that share an object; which file one was of it does not
// say, so they begin anew.
std::vector<metadata::Migration> migrations() {
  return {{"transfers", 1, R"(
CREATE TABLE transfers_sessions(
  person_id BIGINT NOT NULL,
  object TEXT NOT NULL,
  slot BIGINT NOT NULL,
  id TEXT NOT NULL,
  spans TEXT NOT NULL,
  sent_bytes BIGINT NOT NULL,
  is_complete BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY(person_id, object, slot))
;;
CREATE INDEX transfers_sessions_by_last ON transfers_sessions(last_at)
;;
CREATE TABLE transfers_commits(
  recorder TEXT PRIMARY KEY,
  number BIGINT NOT NULL,
  at BIGINT NOT NULL)
)"},
          {"transfers", 2, R"(
DROP TABLE transfers_sessions
;;
CREATE TABLE transfers_sessions(
  person_id BIGINT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  object TEXT NOT NULL,
  slot BIGINT NOT NULL,
  id TEXT NOT NULL,
  spans TEXT NOT NULL,
  sent_bytes BIGINT NOT NULL,
  is_complete BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY(person_id, subject_kind, subject_id, object, slot))
;;
CREATE INDEX transfers_sessions_by_last ON transfers_sessions(last_at)
)"}};
}

}  // namespace lakelift::transfers
