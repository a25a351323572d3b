#include "app/athena_engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/net/curl/curl_transport.h"
#include "backends/storage/s3/s3_client.h"
#include "base/log.h"

namespace lakelift::app {
namespace {

constexpr std::string_view kS3 = "s3://";

// An error names the setting, so that whoever starts the server knows what to look at.
std::unexpected<Error> in_setting(Error error, const std::string& setting) {
  error.message = fmt::format("{}: {}", setting, error.message);
  if (error.code == Code::kInvalid) {
    error.event = "CONFIGURATION_DID_NOT_VALIDATE";
    error.fields = {{setting, {error.message}}};
  }
  return std::unexpected(std::move(error));
}

// What content is kept with is no business of Athena's.
bool is_of_content(const std::string& name) { return name.starts_with("S3_KEY_"); }

}  // namespace

Result<void> AthenaEngine::open_credentials(const AthenaNeeds& needs) {
  TRY(transport_, net::make_curl_transport({.ca_file = needs.ca_file}));
  TRY(metadata_service_, net::make_curl_transport({.ca_file = needs.ca_file, .is_metadata_service = true}));
  const auto environment = [ask = needs.environment](const std::string& name) {
    return is_of_content(name) ? std::string() : std::string(ask(name));
  };
  TRY(credentials_, aws::find_credentials({environment, *transport_, *metadata_service_, needs.clock},
                                          {.region = needs.config.region, .token_service_endpoint = {}}));
  return {};
}

Result<void> AthenaEngine::open_results(const AthenaNeeds& needs) {
  const AthenaConfig& config = needs.config;
  const std::string place = config.output.substr(kS3.size());
  const auto slash = std::min(place.find('/'), place.size());
  storage::S3Options options;
  options.bucket = place.substr(0, slash);
  options.prefix = slash == place.size() ? "" : place.substr(slash + 1) + "/";
  options.region = config.region;
  options.endpoint = config.s3_endpoint;
  options.addressing = config.s3_endpoint.empty() ? storage::S3Addressing::kVirtualHost : storage::S3Addressing::kPath;
  options.lists_all = true;
  TRY(auto client, storage::make_s3_client(options, {*transport_, *credentials_, needs.clock, needs.random}));
  results_ = std::make_unique<BlobResults>(std::move(client), config.output + "/");
  return results_->check();
}

Result<void> AthenaEngine::open_executor(const AthenaNeeds& needs) {
  const AthenaConfig& config = needs.config;
  TRY(executor_,
      executors::AthenaExecutor::make({config.region, config.endpoint, config.workgroup, config.catalog},
                                      {*transport_, *credentials_, *results_, needs.workers, needs.scratch_folder,
                                       needs.clock, needs.random, real_pause(), needs.live_runs}));
  return {};
}

Result<std::unique_ptr<AthenaEngine>> AthenaEngine::open(const AthenaNeeds& needs) {
  auto engine = std::unique_ptr<AthenaEngine>(new AthenaEngine());
  if (auto done = engine->open_credentials(needs); !done) return in_setting(done.error(), "athena-output");
  if (auto done = engine->open_results(needs); !done) return in_setting(done.error(), "athena-output");
  if (auto done = engine->open_executor(needs); !done) return in_setting(done.error(), "athena-endpoint");
  log_info("tables of Athena are offered",
           {{"region", needs.config.region}, {"workgroup", needs.config.workgroup}, {"results", needs.config.output}});
  return engine;
}

}  // namespace lakelift::app
