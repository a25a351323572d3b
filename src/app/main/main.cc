// The program `lakelift`: the server and the command line in one.
#include <signal.h>

#include "app/app.h"
#include "app/config.h"
#include "app/serve.h"
#include "edge/cli/cli.h"

namespace {

using lakelift::Code;
using lakelift::Result;

class InProcessServer final : public lakelift::cli::LocalServer {
 public:
  explicit InProcessServer(std::unique_ptr<lakelift::app::App> app) : app_(std::move(app)) {}

 private:
  std::unique_ptr<lakelift::app::App> app_;
};

Result<std::unique_ptr<lakelift::cli::LocalServer>> start_local_server(const std::string& data_dir) {
  lakelift::configure_log(lakelift::LogLevel::kError, lakelift::LogFormat::kText);
  // With the settings of the environment, as the folder's server has them: they say where the database is.
  TRY(auto loaded, lakelift::app::load_config({"--data", data_dir}, lakelift::app::process_environment));
  lakelift::app::Config& config = loaded.config;
  config.spare_workers = 0;
  auto app = lakelift::app::App::start(config, lakelift::app::Reach::kSocketOnly);
  if (!app) {
    if (app.error().code == Code::kConflict && app.error().event == "DATA_FOLDER_IS_SERVED") return nullptr;
    return std::unexpected(app.error());
  }
  return std::make_unique<InProcessServer>(*std::move(app));
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  return lakelift::cli::run(argc, argv, {.start_local_server = start_local_server, .serve = lakelift::app::serve});
}
