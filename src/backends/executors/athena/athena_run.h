// One run: an UNLOAD that is begun once, waited for, and becomes one file.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "backends/executors/athena/athena_queries.h"
#include "backends/executors/athena/athena_table.h"
#include "backends/executors/athena/unload.h"
#include "backends/executors/executor.h"
#include "backends/executors/results/parts.h"

namespace lakelift::executors {

// What a run is known by: the engine's id, and of which data it was begun.
struct AthenaJob {
  std::string query;
  std::string version;
};
[[nodiscard]] std::string external_id_of(const AthenaJob& job);
[[nodiscard]] AthenaJob job_of(const std::string& external_id);

// Of one call of AthenaExecutor::run. All that it is given outlives it.
class AthenaRun {
 public:
  AthenaRun(AthenaQueries& queries, const PartsTools& tools, const RunOrder& order, const RunObserver& observer,
            std::stop_token stop)
      : queries_(queries), tools_(tools), order_(order), observer_(observer), stop_(std::move(stop)) {}

  // `version`: of the data as they are now. Errors: Executor::run's.
  [[nodiscard]] Result<void> begin(const AthenaTableName& table, const std::string& version);
  // One that was begun before.
  void take_up(const std::string& external_id) { job_ = job_of(external_id); }
  [[nodiscard]] Result<RunReport> finish(const AthenaTableName& table, int output);
  // What it has left, once it is finished.
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  [[nodiscard]] Result<void> submit(const AthenaTableName& table, const std::string& token);
  [[nodiscard]] Result<QueryView> await();

  AthenaQueries& queries_;
  const PartsTools& tools_;
  const RunOrder& order_;
  const RunObserver& observer_;
  const std::stop_token stop_;
  AthenaJob job_;
  std::string folder_;
};

}  // namespace lakelift::executors
