// Spark and Databricks: what they are made of.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/config.h"
#include "backends/executors/executor.h"
#include "backends/executors/results/leftovers.h"
#include "backends/executors/results/result_store.h"
#include "backends/net/http_client.h"
#include "base/clock.h"
#include "base/random.h"
#include "columnar/worker_pool.h"

namespace lakelift::app {

// The store of "s3://BUCKET[/PREFIX]" or "azure://CONTAINER[/PREFIX]".
using ResultsOpener = std::function<Result<std::unique_ptr<executors::ResultStore>>(const std::string& address)>;

// All outlive the engines.
struct JobEngineNeeds {
  const Config& config;
  std::string data_folder;
  Environment environment;
  ResultsOpener open_results;  // may be empty: folders alone
  columnar::WorkerPool& workers;
  const Clock& clock;
  Random& random;
  executors::LiveRuns live_runs = {};
};

// Those that are configured. Outlives the executors that it gives away.
class JobEngines {
 public:
  // Errors: kInvalid naming the setting.
  [[nodiscard]] static Result<std::unique_ptr<JobEngines>> open(const JobEngineNeeds& needs,
                                                                executors::Executors& executors);

 private:
  JobEngines() = default;
  [[nodiscard]] Result<void> add_spark(const JobEngineNeeds& needs, executors::Executors& executors);
  [[nodiscard]] Result<void> add_databricks(const JobEngineNeeds& needs, executors::Executors& executors);

  std::unique_ptr<executors::ResultStore> spark_results_;
  std::unique_ptr<executors::ResultStore> databricks_results_;
  std::unique_ptr<net::HttpClient> http_;
};

}  // namespace lakelift::app
