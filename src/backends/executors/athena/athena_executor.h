// Amazon Athena: tables of a data lake, asked in SQL, paid by the bytes that are scanned.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "backends/executors/athena/athena_api.h"
#include "backends/executors/athena/athena_queries.h"
#include "backends/executors/athena/athena_table.h"
#include "backends/executors/executor.h"
#include "backends/executors/results/leftovers.h"
#include "backends/executors/results/result_store.h"
#include "columnar/worker_pool.h"

namespace lakelift::executors {

struct AthenaOptions {
  std::string region = "us-east-1";
  std::string endpoint;  // "https://HOST[:PORT]"; empty: Amazon's of the region
  std::string workgroup = "primary";
  std::string catalog = "AwsDataCatalog";
};

// All outlive it.
struct AthenaParts {
  net::Transport& transport;
  aws::CredentialsSource& credentials;
  ResultStore& results;  // a place of S3
  columnar::WorkerPool& workers;
  std::string scratch_folder;  // where results lie while they become one file
  const Clock& clock;
  Random& random;
  Pause pause = real_pause();
  LiveRuns live_runs = {};
};

// Sources are {"table": "database.table"}, with a version_query or without. A run is an UNLOAD to runs/RUN/TOKEN/data
// below the place of results; its external id is "QUERY@VERSION", so that a run that is found again tells of the data
// that it was begun on. Results stay for a while after they were fetched: a crash must find them.
class AthenaExecutor final : public Executor {
 public:
  // Errors: kInvalid naming the option.
  [[nodiscard]] static Result<std::unique_ptr<AthenaExecutor>> make(const AthenaOptions& options, AthenaParts parts);

  [[nodiscard]] ExecutorType type() const override { return ExecutorType::kAthena; }
  [[nodiscard]] Result<TableDescription> inspect(const Source& source, std::stop_token stop) override;
  // By our own worker program, over rows that were unloaded: all, or of a large table a random part.
  [[nodiscard]] Result<TableProfile> profile(const Source& source, std::stop_token stop) override;
  // Looked up anew after limits::kAthenaVersionSeconds. The item's version query says it, else the metadata of a table
  // with snapshots; of others a query over its files' names, sizes and times, which reads no data.
  [[nodiscard]] Result<std::string> version(const Source& source) override;
  [[nodiscard]] Result<RunReport> run(const RunOrder& order, int output, const RunObserver& observer,
                                      std::stop_token stop) override;
  // Along the partition columns by their rows, counted; what is larger by borders of a random sample.
  [[nodiscard]] Result<std::vector<Chunk>> cut(const Source& source, const table::Columns& table, const CutOrder& order,
                                               std::stop_token stop) override;
  // Of tables with partition columns, by one query that reads no data.
  [[nodiscard]] Result<std::vector<PartitionState>> partitions(const Source& source,
                                                               const table::Columns& table) override;
  // Of a run that has ended: removes what it left among the results.
  [[nodiscard]] Result<void> cancel(const std::string& external_id) override;

 private:
  struct Looked {
    AthenaTableName name;
    AthenaColumns columns;
    AthenaFiles files;
    std::string version;
  };
  struct Known {
    std::string version;
    Micros at = 0;  // on the monotonic clock
  };

  AthenaExecutor(aws::Endpoint endpoint, const AthenaOptions& options, AthenaParts parts);

  [[nodiscard]] Result<AthenaColumns> columns_of(const AthenaTableName& name, const std::stop_token& stop);
  [[nodiscard]] Result<AthenaFiles> files_of(const AthenaTableName& name, const std::stop_token& stop);
  [[nodiscard]] Result<Looked> look(const Source& source, const std::stop_token& stop);
  [[nodiscard]] std::optional<std::string> known_version(const Source& source);
  void note_version(const Source& source, const std::string& version);
  // The one row of the item's version query. Error: kConflict VERSION_QUERY_BROKEN where there is none, or more.
  [[nodiscard]] Result<std::string> told_by(const std::string& version_query, const AthenaTableName& name,
                                            const std::stop_token& stop);
  [[nodiscard]] NewQuery small_query(const AthenaTableName& name, std::string sql);

  [[nodiscard]] Result<std::vector<Chunk>> cut_partitions(const Looked& seen, const CutOrder& order,
                                                          const std::stop_token& stop);
  [[nodiscard]] Result<std::vector<Chunk>> cut_by_sample(const Looked& seen, const table::Columns& table,
                                                         std::vector<Chunk> chunks, const CutOrder& order,
                                                         const std::stop_token& stop);

  const AthenaOptions options_;
  const AthenaParts parts_;
  AthenaApi api_;
  AthenaQueries queries_;
  Leftovers leftovers_{parts_.results, parts_.clock, parts_.live_runs};
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by canonical source
};

}  // namespace lakelift::executors
