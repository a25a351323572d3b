// What a command has at hand: settings, the server, stdout and stderr.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "edge/cli/api.h"
#include "edge/cli/cli.h"
#include "edge/cli/credentials.h"
#include "edge/cli/interrupt.h"
#include "edge/cli/output.h"
#include "edge/cli/progress.h"
#include "edge/cli/settings.h"

namespace lakelift::cli {

// What opens the server, and where it came from.
struct SessionToken {
  std::string token;   // empty: none
  std::string source;  // "environment" (LAKELIFT_TOKEN, which wins), "stored" (by `lakelift auth login`), "none"
  SignedIn stored;     // of "stored"
};

// One more way to the server that the session speaks to, for another thread.
struct Connection {
  std::unique_ptr<HttpClient> http;
  std::unique_ptr<Api> api;
};

// Not threadsafe.
class Session {
 public:
  Session(Settings settings, const Host& host, const Interrupt& interrupt);

  // The server, connected on the first call: with --server that one; else the one that serves the data folder; else, if
  // `may_start`, one in this process. Errors: kInvalid; kUnavailable SERVER_UNREACHABLE; the host's.
  [[nodiscard]] Result<Api*> api(bool may_start = true);
  // After api(). It must not outlive the session.
  [[nodiscard]] Connection connect() const;
  // After api(): over the data folder's Unix socket.
  [[nodiscard]] bool is_local() const { return !http_->endpoint().socket_path.empty(); }

  // For a server of this address (as parse_server_url gives it). Errors: those of Credentials.
  [[nodiscard]] Result<SessionToken> token_for(const std::string& server) const;

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] Output& output() { return output_; }
  [[nodiscard]] Progress& progress() { return progress_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Pause pause() const;
  [[nodiscard]] const Interrupt& interrupt() const { return interrupt_; }
  // A line on stderr, for people; not with --quiet.
  void note(std::string_view text);
  // The same for what went wrong: also with --quiet.
  void complain(std::string_view text);

 private:
  [[nodiscard]] Result<Endpoint> endpoint(bool may_start);
  [[nodiscard]] Result<Endpoint> local_endpoint(bool may_start);
  [[nodiscard]] Result<void> answers(const Endpoint& endpoint) const;

  Settings settings_;
  const Host& host_;
  const Interrupt& interrupt_;
  SystemClock clock_;
  SystemRandom random_;
  Output output_;
  Progress progress_;
  UniqueFd data_folder_;  // names the socket shortly where its path is too long for a Unix socket
  std::unique_ptr<LocalServer> local_server_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<Api> api_;
};

}  // namespace lakelift::cli
