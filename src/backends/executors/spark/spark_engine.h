// Spark, by spark-submit in client mode.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/executors/jobs/job_engine.h"
#include "backends/executors/results/result_store.h"
#include "backends/executors/spark/spark_limits.h"
#include "base/pause.h"
#include "base/random.h"

namespace lakelift::executors {

struct SparkOptions {
  std::string submit_program = "spark-submit";  // a path, or a name that PATH has
  std::string master = "local[*]";              // local[*], spark://host:7077, yarn, k8s://…
  std::vector<std::string> conf;                // "key=value"
  std::string state_folder;                     // of this server alone; made where it is not there
  std::size_t jobs_at_once = limits::kSparkJobsAtOnce;
  // What drivers may know of the server's environment: "NAME=value". See passed_on().
  std::vector<std::string> environment;
};

// Of a whole environment ("NAME=value"): what Spark, Hadoop, Java, Python and the clouds' SDKs look at. None of our own
// settings, which hold secrets, but the LAKELIFT_S3_… and LAKELIFT_AZURE_… that name where results go.
[[nodiscard]] std::vector<std::string> passed_on(const std::vector<std::string>& environment);

// Names of settings in --spark-conf that would break what the server relies on. Error: kInvalid, naming it.
[[nodiscard]] Result<void> check_spark_conf(const std::string& entry);

// Errors: kInvalid, fields "spark-submit", "spark-conf". `store` outlives it.
[[nodiscard]] Result<std::unique_ptr<JobEngine>> make_spark_engine(SparkOptions options, ResultStore& store,
                                                                   Random& random, Pause pause = real_pause());

}  // namespace lakelift::executors
