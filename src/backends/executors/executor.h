// An engine that holds tables: Athena, Databricks, Spark, or our own over local Parquet files.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "columnar/job.h"
#include "table/column.h"
#include "table/column_statistics.h"
#include "table/region.h"
#include "table/slice_spec.h"

namespace lakelift::executors {

enum class ExecutorType { kLocal, kAthena, kDatabricks, kSpark };
[[nodiscard]] std::string_view name_of(ExecutorType type);  // LOCAL ATHENA DATABRICKS SPARK
[[nodiscard]] std::optional<ExecutorType> executor_type_of(std::string_view name);

// Where an item's data are, in the engine's own terms. LOCAL: {"paths": ["/abs/file.parquet" or "/abs/folder", …]}; a
// folder is read recursively (*.parquet), hive "key=value" parts are columns; or {"file": id}, a file that was
// published (app alone makes such sources: an id names anybody's file). Others: {"table": "db.name"}.
using Source = json::object;

struct TableDescription {
  table::Columns columns;
  std::vector<columnar::RefusedColumn> refused;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;  // as stored by the source
  std::string version;     // changes when the data may have changed: "what is held is stale"
};

struct TableProfile {
  TableDescription description;  // columns complete with sizes and distributions
  std::vector<table::Row> sample;
  std::vector<double> null_shares;
  // What the engine knows of each column; those of which it knows nothing are left out.
  std::vector<table::ColumnStatistics> statistics = {};
  // How many rows were looked at; fewer than the table has: its figures are partial. Nothing: all of them.
  std::optional<std::int64_t> rows_profiled = std::nullopt;
};

struct RunOrder {
  std::string run_id;
  int attempt = 1;
  std::string idempotency_token;           // stored before submit; the engine runs a token once
  std::optional<std::string> external_id;  // set: re-attach to this instead of submitting
  Source source;
  table::Columns table;   // the item's spec
  table::SliceSpec spec;  // normalised
  std::string sampling_seed;
  std::optional<table::Region> within = std::nullopt;  // only rows of this part; nothing: of the whole table
  // Adds columnar::kRowKeyColumn as the last column, by which a ratio can be decided later.
  bool with_row_keys = false;
};

struct RunProgress {
  std::int64_t rows_read = 0;
  std::int64_t rows_total = 0;
  std::int64_t rows_written = 0;
  std::int64_t bytes_written = 0;
  std::int64_t scanned_bytes = 0;  // so far, where the engine tells
};

struct RunReport {
  std::int64_t rows = 0;
  std::int64_t scanned_bytes = 0;  // as the engine bills them
  std::int64_t money_micros = 0;   // what the engine itself says it costs; 0: by the price list
  std::string source_version;      // of the data that were really read
  std::int64_t engine_ms = 0;      // how long the engine worked on it; 0: not known
};

// How a table is to be cut into chunks.
struct CutOrder {
  std::int64_t most_rows = 0;  // of a chunk, unless its rows can't be told apart
  std::uint64_t seed = 0;
};

// What lies in a chunk of one column.
struct ChunkColumn {
  std::string name;
  table::Value minimum;  // of the values that are not null; null where there is none
  table::Value maximum;
  std::int64_t nulls = 0;
  std::vector<table::Bin> distribution;  // of numbers: bins of equal width; empty for others or where not known
};

struct Chunk {
  table::Box box;         // the chunks of a cut are disjoint, and every row of the table lies in one
  std::int64_t rows = 0;  // as counted, or estimated where the engine was only sampled
  std::vector<ChunkColumn> columns;
};

// How a run talks back to its owner while it goes on. Called on the run's thread.
struct RunObserver {
  // The engine accepted: to be stored before anything else happens. An error ends the run.
  std::function<Result<void>(const std::string& external_id)> submitted;
  std::function<void(const RunProgress&)> progress;
  // Asked once the run is stopped: whether the engine's job goes on without us, since this server when it is back, or
  // another, takes it up by its id or its token. Nothing: no.
  std::function<bool()> leaves_job;
};

// The event of a kUnavailable where the engine's own job has ended without a result: asking again with the same token
// would bring the same job, another one may do better.
inline constexpr std::string_view kJobEnded = "ENGINE_JOB_ENDED";

// The event of a kUnavailable by cancel(): only another server can end the job, which it may be running.
inline constexpr std::string_view kJobElsewhere = "ENGINE_JOB_ELSEWHERE";

// A part by which a source tells its data apart (a partition), and a text that changes with the data in it.
struct PartitionState {
  table::Box box;
  std::string fingerprint;
};

// Threadsafe; every call blocks, with the engine's own deadline, and ends soon after `stop` is asked.
class Executor {
 public:
  virtual ~Executor() = default;
  [[nodiscard]] virtual ExecutorType type() const = 0;
  // Checks that the source makes sense and says what is there. Errors: kInvalid (field "source"), kNotFound, kCorrupt.
  [[nodiscard]] virtual Result<TableDescription> inspect(const Source& source, std::stop_token stop) = 0;
  [[nodiscard]] virtual Result<TableProfile> profile(const Source& source, std::stop_token stop) = 0;
  // Cheap: no data are read.
  [[nodiscard]] virtual Result<std::string> version(const Source& source) = 0;
  // Runs the slice and writes it as one Parquet file to `output` (a local file, from its start). A stop cancels the
  // engine's job too, unless `observer` leaves it. Errors: kCancelled; kUnavailable (worth another attempt); others are
  // final.
  [[nodiscard]] virtual Result<RunReport> run(const RunOrder& order, int output, const RunObserver& observer,
                                              std::stop_token stop) = 0;
  // The table cut along the columns that tell most rows apart, in k-d fashion; outside engines are cut along their
  // partition columns first, then by a sample. Error: kUnsupported where the engine can't.
  [[nodiscard]] virtual Result<std::vector<Chunk>> cut(const Source& source, const table::Columns& table,
                                                       const CutOrder& order, std::stop_token stop) = 0;
  // Cheap, as version(). The boxes may overlap, and together hold all rows. Where the engine tells no more, the whole
  // table is one part.
  [[nodiscard]] virtual Result<std::vector<PartitionState>> partitions(const Source& source,
                                                                       const table::Columns& table);
  // Ends a job that nobody waits for any more, of a run that is not going on in this process. Fine where it has ended.
  // Error: kUnavailable kJobElsewhere.
  [[nodiscard]] virtual Result<void> cancel(const std::string& external_id) = 0;
};

// The engines that are configured, by type.
class Executors {
 public:
  void add(std::shared_ptr<Executor> executor) { by_type_[executor->type()] = std::move(executor); }
  // Error: kConflict EXECUTOR_NOT_CONFIGURED.
  [[nodiscard]] Result<std::shared_ptr<Executor>> get(ExecutorType type) const;
  [[nodiscard]] const std::map<ExecutorType, std::shared_ptr<Executor>>& all() const { return by_type_; }

 private:
  std::map<ExecutorType, std::shared_ptr<Executor>> by_type_;
};

}  // namespace lakelift::executors
