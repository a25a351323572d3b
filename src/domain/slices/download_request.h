#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "columnar/job.h"
#include "domain/accounts/account.h"
#include "domain/catalogue/catalogue_item.h"
#include "table/slice_spec.h"

namespace lakelift::slices {

// kWaiting: beyond a budget; an administrator has to say yes before it is queued.
enum class RunState { kWaiting, kQueued, kRunning, kDone, kFailed, kCancelled };
// WAITING_FOR_APPROVAL QUEUED RUNNING DONE FAILED CANCELLED
[[nodiscard]] std::string_view name_of(RunState state);

// One request, shared by all who ask the same of the same data: equal normal form, item and source version.
struct DownloadRequest {
  std::int64_t id = 0;
  table::SliceSpec spec;  // normalised
  std::int64_t catalogue_item_id = 0;
  std::optional<accounts::Account> created_by;
  RunState state = RunState::kQueued;
  std::optional<std::string> waits_for;   // WAITING_FOR_APPROVAL: why
  std::optional<Error> failure;           // FAILED: why
  std::optional<std::string> run_id;      // executor_job_id in the contract
  std::optional<std::string> result_key;  // DONE: object of the Parquet result; blob_name in the contract
  std::optional<std::string> result_sha256;
  std::optional<std::int64_t> rows;            // DONE
  std::optional<std::int64_t> real_size;       // DONE: bytes of the Parquet result
  std::optional<std::int64_t> estimated_size;  // bytes
  std::int64_t rows_read = 0;                  // RUNNING: progress
  std::int64_t rows_total = 0;
  bool is_cancelled = false;
  Micros created_at = 0;
  Micros changed_at = 0;
  std::string source_version;         // of the data asked for, or that were read (aged_version.h)
  std::optional<Micros> stale_since;  // other data are known to be there; staleness.h has the whole of it
  // What the waiter who asks calls it, and has written about it; of nobody else.
  std::optional<std::string> name;
  std::optional<std::string> note;
};

// A rendition that is ready to be sent: the result in one format.
struct Rendition {
  columnar::Format format = columnar::Format::kParquet;
  std::string object_key;
  std::uint64_t size_bytes = 0;
  std::string sha256;     // lower-case hex; the strong ETag
  std::string file_name;  // "nycflights13.flights-12.csv"
};

}  // namespace lakelift::slices
