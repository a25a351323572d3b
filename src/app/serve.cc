#include "app/serve.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "app/app.h"
#include "app/config.h"

namespace lakelift::app {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

// Signals are taken by sigwait on the main thread, so no handler ever runs in the middle of anything.
sigset_t block_stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

// A connection is a descriptor, and the usual soft limit of 1,024 is for programs that use select().
void allow_many_connections() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void show(const LoadedConfig& loaded) {
  for (const auto& s : loaded.settings) std::cout << s.name << " = " << s.value << "    # " << s.origin << "\n";
}

}  // namespace

int serve(int argc, char** argv) {
  auto loaded = load_config(std::vector<std::string>(argv, argv + argc), process_environment);
  if (!loaded) {
    std::cerr << "error: " << loaded.error().message << "\n";
    return kUsage;
  }
  if (loaded->help_shown) return 0;
  if (loaded->show_only) {
    show(*loaded);
    return 0;
  }
  const sigset_t signals = block_stop_signals();
  allow_many_connections();
  configure_log(loaded->config.log_level, loaded->config.log_format);
  auto app = App::start(loaded->config, Reach::kNetwork);
  if (!app) {
    std::cerr << "error: " << app.error().message << "\n";
    return kFailed;
  }
  std::cout << (*app)->address() << std::endl;
  int taken = 0;
  sigwait(&signals, &taken);
  log_info("stopping", {{"signal", taken == SIGTERM ? "SIGTERM" : "SIGINT"}});
  // A second signal does not wait for the drain.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*app)->stop();
  log_info("stopped");
  return 0;
}

}  // namespace lakelift::app
