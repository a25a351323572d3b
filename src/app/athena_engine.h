// Athena as the settings name it, with all that it stands on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/athena_config.h"
#include "app/engine_results.h"
#include "backends/executors/athena/athena_executor.h"
#include "backends/net/aws/credentials.h"
#include "backends/net/transport.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "columnar/worker_pool.h"

namespace lakelift::app {

struct AthenaNeeds {
  const AthenaConfig& config;
  std::string ca_file;
  std::string scratch_folder;
  std::string_view (*environment)(const std::string& name);
  columnar::WorkerPool& workers;
  const Clock& clock;
  Random& random;
  executors::LiveRuns live_runs = {};
};

// The needs outlive it, and it outlives the executor.
class AthenaEngine {
 public:
  // Credentials, for Athena and for the bucket of its results: as aws::find_credentials says, but S3_KEY_ID, which are
  // those of where content is kept. The bucket is called once: one that can't be used stops the start. Errors: kInvalid
  // CONFIGURATION_DID_NOT_VALIDATE naming the setting; those of the credentials and of the bucket.
  [[nodiscard]] static Result<std::unique_ptr<AthenaEngine>> open(const AthenaNeeds& needs);
  [[nodiscard]] const std::shared_ptr<executors::Executor>& executor() const { return executor_; }

 private:
  AthenaEngine() = default;
  [[nodiscard]] Result<void> open_credentials(const AthenaNeeds& needs);
  [[nodiscard]] Result<void> open_results(const AthenaNeeds& needs);
  [[nodiscard]] Result<void> open_executor(const AthenaNeeds& needs);

  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<net::Transport> metadata_service_;
  std::unique_ptr<aws::CredentialsSource> credentials_;
  std::unique_ptr<BlobResults> results_;
  std::shared_ptr<executors::Executor> executor_;
};

}  // namespace lakelift::app
