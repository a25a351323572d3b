// Engines that run our script: the settings of them. Secrets come from the environment alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "backends/executors/spark/spark_limits.h"

namespace lakelift::app {

struct JobEnginesConfig {
  std::string spark_submit;  // empty: no Spark
  std::string spark_master = "local[*]";
  std::vector<std::string> spark_conf;  // "spark.name=value"
  std::string spark_results;            // "/a/folder", "s3://BUCKET[/PREFIX]", "azure://CONTAINER[/PREFIX]"
  std::map<std::string, std::string> spark_views;
  std::size_t spark_jobs = limits::kSparkJobsAtOnce;
  std::string databricks_host;  // empty: no Databricks
  std::string databricks_cluster;
  std::string databricks_script;
  std::string databricks_results;
};

}  // namespace lakelift::app
