#include "app/job_engines.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "backends/executors/databricks/databricks_engine.h"
#include "backends/executors/jobs/job_executor.h"
#include "backends/executors/results/folder_results.h"
#include "backends/executors/spark/spark_engine.h"
#include "backends/net/curl/curl_client.h"
#include "base/log.h"

namespace lakelift::app {
namespace {

std::unexpected<Error> refuse(const std::string& setting, const std::string& why) {
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE", fmt::format("{}: {}", setting, why),
              {{setting, {why}}});
}

Result<std::unique_ptr<executors::ResultStore>> open_results(const JobEngineNeeds& needs, const std::string& setting,
                                                             const std::string& address) {
  if (address.empty()) return refuse(setting, "say where the engine leaves its results");
  if (!address.starts_with('/') && !needs.open_results) {
    return refuse(setting, "this server fetches results from folders alone");
  }
  auto opened = address.starts_with('/') ? executors::open_folder_results(address) : needs.open_results(address);
  if (!opened) return refuse(setting, opened.error().message);
  return opened;
}

std::vector<std::string> whole_environment() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
  return out;
}

Result<executors::JobExecutorParts> parts_of(const JobEngineNeeds& needs, std::unique_ptr<executors::JobEngine> engine,
                                             executors::ResultStore& store) {
  std::string scratch = needs.data_folder + "/scratch";
  std::error_code ec;
  std::filesystem::create_directories(scratch, ec);
  if (ec) return fail(Code::kInternal, "the folder for results on their way can't be made: " + ec.message());
  return executors::JobExecutorParts{std::move(engine), store,        needs.workers,  std::move(scratch),
                                     needs.clock,       needs.random, needs.live_runs};
}

}  // namespace

Result<std::unique_ptr<JobEngines>> JobEngines::open(const JobEngineNeeds& needs, executors::Executors& executors) {
  auto engines = std::unique_ptr<JobEngines>(new JobEngines());
  if (!needs.config.job_engines.spark_submit.empty()) TRY_VOID(engines->add_spark(needs, executors));
  if (!needs.config.job_engines.databricks_host.empty()) TRY_VOID(engines->add_databricks(needs, executors));
  return engines;
}

Result<void> JobEngines::add_spark(const JobEngineNeeds& needs, executors::Executors& executors) {
  const JobEnginesConfig& config = needs.config.job_engines;
  TRY(spark_results_, open_results(needs, "spark-results", config.spark_results));
  executors::SparkOptions options;
  options.submit_program = config.spark_submit;
  options.master = config.spark_master;
  options.conf = config.spark_conf;
  options.state_folder = needs.data_folder + "/spark";
  options.jobs_at_once = config.spark_jobs;
  const auto environment = whole_environment();
  options.environment = executors::passed_on(environment);
  TRY(auto engine, executors::make_spark_engine(std::move(options), *spark_results_, needs.random));
  TRY(auto parts, parts_of(needs, std::move(engine), *spark_results_));
  executors.add(std::make_shared<executors::JobExecutor>(
      std::move(parts),
      executors::JobExecutorOptions{executors::ExecutorType::kSpark, config.spark_views, needs.config.profile_rows}));
  log_info("Spark is an engine", {{"master", config.spark_master}, {"results", config.spark_results}});
  return {};
}

Result<void> JobEngines::add_databricks(const JobEngineNeeds& needs, executors::Executors& executors) {
  const JobEnginesConfig& config = needs.config.job_engines;
  TRY(databricks_results_, open_results(needs, "databricks-results", config.databricks_results));
  TRY(http_, net::make_curl_client({needs.config.ca_file}));
  const std::string token(needs.environment("LAKELIFT_DATABRICKS_TOKEN"));
  TRY(auto engine,
      executors::make_databricks_engine(
          {config.databricks_host, token, config.databricks_cluster, config.databricks_script}, *http_, needs.random));
  TRY(auto parts, parts_of(needs, std::move(engine), *databricks_results_));
  executors.add(std::make_shared<executors::JobExecutor>(
      std::move(parts),
      executors::JobExecutorOptions{executors::ExecutorType::kDatabricks, {}, needs.config.profile_rows}));
  log_info("Databricks is an engine", {{"host", config.databricks_host}, {"results", config.databricks_results}});
  return {};
}

}  // namespace lakelift::app
