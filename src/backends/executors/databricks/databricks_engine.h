// Databricks, by its Jobs API 2.1.
#pragma once

#include <memory>
#include <string>

#include "backends/executors/jobs/job_engine.h"
#include "backends/net/http_client.h"
#include "base/pause.h"
#include "base/random.h"

namespace lakelift::executors {

struct DatabricksOptions {
  std::string host;     // "https://adb-1.2.azuredatabricks.net"; http to this machine alone
  std::string token;    // LAKELIFT_DATABRICKS_TOKEN
  std::string cluster;  // the id of an existing one, or a new_cluster as JSON: "{…}"
  std::string script;   // run_slice.py as the workspace finds it: "dbfs:/…", "/Workspace/…"
};

// `http` and `random` outlive it. Error: kInvalid naming the setting.
[[nodiscard]] Result<std::unique_ptr<JobEngine>> make_databricks_engine(DatabricksOptions options,
                                                                        net::HttpClient& http, Random& random,
                                                                        Pause pause = real_pause());

}  // namespace lakelift::executors
