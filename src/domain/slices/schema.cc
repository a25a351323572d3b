#include "domain/slices/slice_service.h"

namespace lakelift::slices {
namespace {

// normal_key is NULL for a request that can't be joined any more because its run read newer data than were asked for.
// A request's state is not stored twice: it follows from is_cancelled, result_id and its run.
constexpr std::string_view kTables = R"sql(
CREATE TABLE slices_requests (
  id ${id},
  normal_key TEXT,
  item_id BIGINT NOT NULL,
  source_version TEXT NOT NULL,
  spec TEXT NOT NULL,
  created_by BIGINT NOT NULL,
  estimated_bytes BIGINT,
  run_id TEXT,
  result_id BIGINT,
  is_cancelled BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
)
;;
CREATE UNIQUE INDEX slices_requests_live ON slices_requests (normal_key) WHERE is_cancelled = 0
;;
CREATE INDEX slices_requests_item ON slices_requests (item_id)
;;
CREATE TABLE slices_waiters (
  request_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  joined_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, request_id)
)
;;
CREATE INDEX slices_waiters_request ON slices_waiters (request_id)
;;
CREATE TABLE slices_runs (
  id TEXT PRIMARY KEY,
  request_id BIGINT NOT NULL,
  state TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  lease_owner TEXT,
  lease_until BIGINT,
  next_attempt_at BIGINT NOT NULL,
  idempotency_token TEXT NOT NULL,
  external_id TEXT,
  rows_read BIGINT NOT NULL,
  rows_total BIGINT NOT NULL,
  rows_written BIGINT,
  scanned_bytes BIGINT,
  money_micros BIGINT,
  error_code TEXT,
  error_event TEXT,
  error_message TEXT,
  created_at BIGINT NOT NULL,
  finished_at BIGINT
)
;;
CREATE UNIQUE INDEX slices_runs_live ON slices_runs (request_id) WHERE state IN ('QUEUED', 'RUNNING')
;;
CREATE INDEX slices_runs_due ON slices_runs (created_at) WHERE state IN ('QUEUED', 'RUNNING')
;;
CREATE TABLE slices_results (
  id ${id},
  normal_key TEXT NOT NULL UNIQUE,
  item_id BIGINT NOT NULL,
  source_version TEXT NOT NULL,
  object_key TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  rows_written BIGINT NOT NULL,
  run_id TEXT NOT NULL,
  created_at BIGINT NOT NULL
)
;;
CREATE TABLE slices_renditions (
  result_id BIGINT NOT NULL,
  format TEXT NOT NULL,
  object_key TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (result_id, format)
)
)sql";

// Objects ask who refers to them (domain/objects).
constexpr std::string_view kObjectIndexes = R"sql(
CREATE INDEX slices_results_object ON slices_results (object_key)
;;
CREATE INDEX slices_renditions_object ON slices_renditions (object_key)
;;
CREATE INDEX slices_requests_result ON slices_requests (result_id)
)sql";

// What a table is cut into, and what of it is held. A piece is the result of one run over some chunks: all their rows,
// in some of the columns. `plan` of a run: what it brings, where that is not the slice itself (run_plan.h).
constexpr std::string_view kChunks = R"sql(
CREATE TABLE slices_cuts (
  id ${id},
  item_id BIGINT NOT NULL,
  source_version TEXT NOT NULL,
  most_rows BIGINT NOT NULL,
  created_by BIGINT,
  created_at BIGINT NOT NULL
)
;;
CREATE INDEX slices_cuts_item ON slices_cuts (item_id)
;;
CREATE TABLE slices_chunks (
  id ${id},
  cut_id BIGINT NOT NULL,
  item_id BIGINT NOT NULL,
  box TEXT NOT NULL,
  row_count BIGINT NOT NULL,
  columns TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  touched_at BIGINT
)
;;
CREATE INDEX slices_chunks_cut ON slices_chunks (cut_id, id)
;;
CREATE TABLE slices_pieces (
  id ${id},
  item_id BIGINT NOT NULL,
  cut_id BIGINT NOT NULL,
  source_version TEXT NOT NULL,
  columns TEXT NOT NULL,
  object_key TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  row_count BIGINT NOT NULL,
  run_id TEXT NOT NULL,
  paid_by BIGINT,
  scanned_bytes BIGINT NOT NULL,
  money_micros BIGINT NOT NULL,
  saved_bytes BIGINT NOT NULL,
  saved_micros BIGINT NOT NULL,
  has_stale_rows BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
)
;;
CREATE INDEX slices_pieces_item ON slices_pieces (item_id)
;;
CREATE INDEX slices_pieces_object ON slices_pieces (object_key)
;;
CREATE TABLE slices_piece_chunks (
  piece_id BIGINT NOT NULL,
  chunk_id BIGINT NOT NULL,
  PRIMARY KEY (piece_id, chunk_id)
)
;;
CREATE INDEX slices_piece_chunks_chunk ON slices_piece_chunks (chunk_id)
;;
CREATE TABLE slices_savings (
  item_id BIGINT NOT NULL,
  day BIGINT NOT NULL,
  saved_bytes BIGINT NOT NULL,
  PRIMARY KEY (item_id, day)
)
;;
CREATE TABLE slices_samples (
  item_id BIGINT PRIMARY KEY,
  source_version TEXT NOT NULL,
  object_key TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  ratio DOUBLE PRECISION NOT NULL
)
;;
CREATE INDEX slices_samples_object ON slices_samples (object_key)
;;
ALTER TABLE slices_runs ADD COLUMN plan TEXT
)sql";

// Whose turn a run is (lease), what it is expected to scan and cost, when a job that nobody waits for is to be ended;
// what people and groups may spend in a month, and who has to say yes before a run begins.
constexpr std::string_view kTurns = R"sql(
ALTER TABLE slices_runs ADD COLUMN asked_by BIGINT
;;
ALTER TABLE slices_runs ADD COLUMN engine TEXT
;;
ALTER TABLE slices_runs ADD COLUMN started_at BIGINT
;;
ALTER TABLE slices_runs ADD COLUMN expected_bytes BIGINT NOT NULL DEFAULT 0
;;
ALTER TABLE slices_runs ADD COLUMN expected_micros BIGINT NOT NULL DEFAULT 0
;;
ALTER TABLE slices_runs ADD COLUMN cancel_at BIGINT
;;
ALTER TABLE slices_runs ADD COLUMN cancel_tries BIGINT NOT NULL DEFAULT 0
;;
UPDATE slices_runs SET engine = 'LOCAL',
  asked_by = (SELECT q.created_by FROM slices_requests q WHERE q.id = slices_runs.request_id)
;;
CREATE INDEX slices_runs_cancel ON slices_runs (cancel_at) WHERE cancel_at IS NOT NULL
;;
CREATE TABLE slices_turns (
  account_id BIGINT PRIMARY KEY,
  turn BIGINT NOT NULL
)
;;
CREATE INDEX slices_turns_turn ON slices_turns (turn)
;;
CREATE TABLE slices_budgets (
  holder_kind TEXT NOT NULL,
  holder_id BIGINT NOT NULL,
  money_micros BIGINT,
  bytes BIGINT,
  changed_by BIGINT,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (holder_kind, holder_id)
)
;;
CREATE TABLE slices_approvals (
  request_id BIGINT PRIMARY KEY,
  state TEXT NOT NULL,
  asked_by BIGINT NOT NULL,
  engine TEXT NOT NULL,
  expected_bytes BIGINT NOT NULL,
  expected_micros BIGINT NOT NULL,
  reason TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  decided_by BIGINT,
  decided_at BIGINT,
  answer TEXT
)
;;
CREATE INDEX slices_approvals_waiting ON slices_approvals (request_id) WHERE state = 'WAITING'
)sql";

// What a waiter calls a request, and writes about it. answered_from (JSON) and read_at of a result: which way it was
// answered, and when the source itself was read for it; NULL where that was not written down yet. stale_since: what the
// request has, or is getting, is no longer what is there. slices_generations: since when what is read of an item counts
// as one version, where an age says for how long (aged_version.h).
constexpr std::string_view kNames = R"sql(
ALTER TABLE slices_waiters ADD COLUMN name TEXT
;;
ALTER TABLE slices_waiters ADD COLUMN note TEXT
;;
ALTER TABLE slices_results ADD COLUMN answered_from TEXT
;;
ALTER TABLE slices_results ADD COLUMN read_at BIGINT
;;
ALTER TABLE slices_requests ADD COLUMN stale_since BIGINT
;;
CREATE TABLE slices_generations (
  item_id BIGINT NOT NULL,
  engine_version TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  PRIMARY KEY (item_id, engine_version)
)
)sql";

// Each run looks for what is held of its item.
constexpr std::string_view kHeldIndexes = R"sql(
CREATE INDEX slices_results_item ON slices_results (item_id, source_version)
;;
CREATE INDEX slices_chunks_item ON slices_chunks (item_id)
;;
CREATE INDEX slices_pieces_run ON slices_pieces (run_id)
)sql";

}  // namespace

std::vector<metadata::Migration> migrations() {
  return {{"slices", 1, kTables}, {"slices", 2, kObjectIndexes}, {"slices", 3, kChunks},
          {"slices", 4, kTurns},  {"slices", 5, kNames},         {"slices", 6, kHeldIndexes}};
}

}  // namespace lakelift::slices
