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

}  // namespace

std::vector<metadata::Migration> migrations() { return {{"slices", 1, kTables}, {"slices", 2, kObjectIndexes}}; }

}  // namespace lakelift::slices
