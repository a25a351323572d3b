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
ALTER TABLE slices_runs ADD COLUMN plan TEXT
)sql";

// Whose turn a run is (lease), and who has to say yes before it begins.
constexpr std::string_view kTurns = R"sql(
ALTER TABLE slices_runs ADD COLUMN asked_by BIGINT
)sql";

// What a waiter calls a request, and writes about it.
constexpr std::string_view kNames = R"sql(
ALTER TABLE slices_waiters ADD COLUMN name TEXT
;;
ALTER TABLE slices_waiters ADD COLUMN note TEXT
)sql";

}  // namespace

std::vector<metadata::Migration> migrations() {
  return {{"slices", 1, kTables},
          {"slices", 2, kObjectIndexes},
          {"slices", 3, kChunks},
          {"slices", 4, kTurns},
          {"slices", 5, kNames}};
}

}  // namespace lakelift::slices
